//! What a claim's plan says, carried out. Each step may be repeated: a node that is killed in between begins again.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, PersistentVolumeStatus};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;

use super::plan::{ClaimPlan, ClaimWorld, End, FINALIZER, PROVISIONER, plan, volume_name};
use crate::recorder::{Tone, reference};
use crate::watch::Key;
use crate::workloads::owned::is_over;
use crate::workloads::runner::Runner;
use crate::workloads::write::{absent_is_fine, absent_is_none};

/// The storage class that claims without one get.
const CLASS: &str = "local";

/// Makes the default storage class where there is none of its name.
pub(crate) async fn ensure_class(client: &Client) -> Result<(), kube::Error> {
    let class = json!({
        "metadata": {"name": CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": PROVISIONER, "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate", "allowVolumeExpansion": true,
    });
    let class: StorageClass = serde_json::from_value(class).map_err(kube::Error::SerdeError)?;
    match Api::<StorageClass>::all(client.clone()).create(&PostParams::default(), &class).await {
        Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
        other => other.map(|_| ()),
    }
}

impl Runner {
    pub(in crate::workloads) async fn claim(&self, key: &Key) -> Result<Option<Timestamp>, kube::Error> {
        let Some(claim) = self.claims.get(key) else { return Ok(None) };
        let uid = claim.uid().unwrap_or_default();
        let folder = self.claims_folder.join(&uid);
        let volume = self.volumes.get(&Key::new("", volume_name(&claim)));
        let used = self.pods.in_namespace(&key.namespace).iter().any(|pod| {
            let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
            let mut claims = volumes.filter_map(|volume| volume.persistent_volume_claim.as_ref());
            !is_over(pod) && claims.any(|source| source.claim_name == key.name)
        });
        let classes = self.classes.all();
        let world = ClaimWorld { claim: &claim, classes: &classes, volume: volume.as_deref(), used, folder: &folder };
        self.write_claim(&claim, &plan(&world), &folder).await?;
        Ok(None)
    }

    async fn write_claim(
        &self,
        claim: &PersistentVolumeClaim,
        plan: &ClaimPlan,
        folder: &Path,
    ) -> Result<(), kube::Error> {
        let claims: Api<PersistentVolumeClaim> =
            Api::namespaced(self.client.clone(), &claim.namespace().unwrap_or_default());
        let about = reference(claim);
        let change = async |patch: serde_json::Value| {
            let written = claims.patch(&claim.name_any(), &PatchParams::default(), &Patch::Strategic(patch)).await;
            if let Some(written) = absent_is_none(written)? {
                self.claims.apply(Arc::new(written));
            }
            Ok::<_, kube::Error>(())
        };
        if plan.protect {
            change(json!({"metadata": {"uid": claim.uid(), "finalizers": [FINALIZER]}})).await?;
        }
        if plan.status.is_some()
            && let Err(error) = make_folder(folder)
        {
            let words = format!("cannot make {}: {error}", folder.display());
            self.recorder.tell(&about, Tone::Warning, "ProvisioningFailed", words.clone());
            return Err(kube::Error::Service(words.into()));
        }
        if let Some(volume) = &plan.make {
            let volumes: Api<PersistentVolume> = Api::all(self.client.clone());
            match volumes.create(&PostParams::default(), volume).await {
                Ok(made) => self.volumes.apply(Arc::new(made)),
                Err(kube::Error::Api(status)) if status.is_already_exists() => {}
                Err(error) => return Err(error),
            }
            self.volume_phase(&volume.name_any(), "Bound").await?;
        }
        if let Some((tone, reason, words)) = &plan.tell {
            self.recorder.tell(&about, *tone, reason, words.clone());
        }
        if let Some((class, volume)) = &plan.bind {
            let annotations = json!({
                "pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes",
                "volume.kubernetes.io/storage-provisioner": PROVISIONER,
            });
            let spec = json!({"storageClassName": class, "volumeName": volume});
            change(json!({"metadata": {"uid": claim.uid(), "annotations": annotations}, "spec": spec})).await?;
        }
        if let Some(status) = &plan.status {
            self.write_status(&self.claims, claim, claim.status.as_ref(), status).await?;
        }
        if let Some(end) = plan.end {
            self.end_claim(claim, end, folder).await?;
            change(json!({"metadata": {"uid": claim.uid(), "$deleteFromPrimitiveList/finalizers": [FINALIZER]}}))
                .await?;
        }
        Ok(())
    }

    async fn end_claim(&self, claim: &PersistentVolumeClaim, end: End, folder: &Path) -> Result<(), kube::Error> {
        let name = volume_name(claim);
        if end == End::Retain {
            return self.volume_phase(&name, "Released").await;
        }
        let gone = folder.to_owned();
        let removed = tokio::task::spawn_blocking(move || match fs::remove_dir_all(gone) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        });
        if let Err(error) = removed.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            let words = format!("cannot remove {}: {error}", folder.display());
            self.recorder.tell(&reference(claim), Tone::Warning, "VolumeFailedDelete", words.clone());
            return Err(kube::Error::Service(words.into()));
        }
        let volumes: Api<PersistentVolume> = Api::all(self.client.clone());
        absent_is_fine(volumes.delete(&name, &DeleteParams::default()).await.map(|_| ()))
    }

    async fn volume_phase(&self, name: &str, phase: &str) -> Result<(), kube::Error> {
        let volumes: Api<PersistentVolume> = Api::all(self.client.clone());
        let status = PersistentVolumeStatus { phase: Some(phase.to_owned()), ..PersistentVolumeStatus::default() };
        let patch = Patch::Merge(json!({"status": status}));
        if let Some(written) = absent_is_none(volumes.patch_status(name, &PatchParams::default(), &patch).await)? {
            self.volumes.apply(Arc::new(written));
        }
        Ok(())
    }
}

/// A folder that any user of any container may write to; only the data folder's owner reaches it otherwise.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777))
}

//! Keeps the packet filter equal to the policies: looks at all when something changed, and writes only what differs.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio_util::task::AbortOnDropHandle;

use kube::Client;

use super::filter::Filter;
use super::nft::Means;
use super::script::{Family, removal, script};
use super::{Policies, shortfall, tell};
use crate::network::namespaces::Ranges;
use crate::network_plan::PolicyEnforcement;

/// Changes that come together are written together.
const GATHERS: Duration = Duration::from_millis(10);
/// The pause after a failure.
const RETRY: Duration = Duration::from_secs(5);

/// The filter at work. Dropping it leaves the filter in force, as the pods run on too.
#[derive(Debug)]
pub(crate) struct Enforcer {
    means: Means,
    table: String,
    /// One script at a time; true when the filter has been taken away for good.
    removed: Arc<Mutex<bool>>,
    enforcement: watch::Receiver<PolicyEnforcement>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl Enforcer {
    /// Begins with what is known; the table is named after the installation. Policies are told what of them is not enforced.
    pub(crate) fn start(
        client: Client,
        policies: Arc<Policies>,
        ranges: watch::Receiver<Ranges>,
        means: Means,
        instance: &str,
    ) -> Self {
        let table = table(instance);
        let removed = Arc::default();
        let (judge, enforcement) = watch::channel(PolicyEnforcement::Unknown);
        let teller = tell::keep(client, policies.clone(), means.clone(), enforcement.clone());
        let keeper = keep(policies, ranges, means.clone(), table.clone(), Arc::clone(&removed), judge);
        let tasks = [tokio::spawn(keeper), tokio::spawn(teller)];
        Self { means, table, removed, enforcement, _tasks: tasks.map(AbortOnDropHandle::new) }
    }

    /// How far policies are enforced, as it changes.
    pub(crate) fn enforcement(&self) -> watch::Receiver<PolicyEnforcement> {
        self.enforcement.clone()
    }

    /// Takes the filter away.
    pub(crate) async fn remove(&self) -> Result<(), String> {
        let mut removed = self.removed.lock().await;
        *removed = true;
        take_away(&self.means, &self.table).await
    }
}

/// Takes away the filter of an installation that no process serves.
pub(crate) async fn remove_filter(instance: &str) -> Result<(), String> {
    take_away(&Means::find().await, &table(instance)).await
}

fn table(instance: &str) -> String {
    format!("pods-{instance}")
}

async fn take_away(means: &Means, table: &str) -> Result<(), String> {
    let Some(nft) = &means.nft else { return Ok(()) };
    for family in &means.families {
        nft.run(&removal(*family, table)).await?;
    }
    Ok(())
}

async fn keep(
    policies: Arc<Policies>,
    mut ranges: watch::Receiver<Ranges>,
    means: Means,
    table: String,
    removed: Arc<Mutex<bool>>,
    judge: watch::Sender<PolicyEnforcement>,
) {
    let judged = |enforcement: PolicyEnforcement| {
        judge.send_if_modified(|known| {
            let news = *known != enforcement;
            *known = enforcement;
            news
        });
    };
    let Some(nft) = &means.nft else { return judged(shortfall::of_computer(&means)) };
    policies.synced().await;
    let mut changed = policies.changed.subscribe();
    // Tables of an earlier run are unknown: whatever is there is replaced.
    let mut written: Option<Vec<String>> = None;
    loop {
        ranges.mark_unchanged();
        changed.mark_unchanged();
        let known = policies.known(ranges.borrow().clone());
        let filter = Filter::of(&known);
        let wanted: Vec<String> =
            means.families.iter().map(|family: &Family| script(*family, &table, &filter)).collect();
        let mut failed = false;
        if written.as_ref() != Some(&wanted) {
            let removed = removed.lock().await;
            if *removed {
                return;
            }
            match nft.run(&wanted.concat()).await {
                Ok(()) => {
                    written = Some(wanted);
                    judged(shortfall::of_computer(&means));
                }
                Err(words) => {
                    tracing::warn!(table, error = words, "NetworkPolicies are not enforced as written; trying again");
                    judged(shortfall::of_refusal(&words, RETRY));
                    failed = true;
                }
            }
        }
        let next = async {
            tokio::select! {
                _ = changed.changed() => {}
                // Without networks nothing new comes from there.
                Ok(()) = ranges.changed() => {}
            }
        };
        if failed {
            let _ = tokio::time::timeout(RETRY, next).await;
        } else {
            next.await;
        }
        tokio::time::sleep(GATHERS).await;
    }
}

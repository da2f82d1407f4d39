//! What the server does by itself when objects come and go: garbage collection by owner, namespaces that drain, definitions
//! that are established, events that expire. Woken by changes and by the time of the next expiry, never by a clock tick.

mod expiry;
mod garbage;
mod namespaces;
mod queue;
mod roles;

use std::sync::Arc;

use futures::{StreamExt, stream};

pub(crate) use self::queue::{Ears, Lifecycle, Work};
use crate::{
    admission::User,
    core::Core,
    kinds::Kind,
    status::ApiError,
    store::{EventKind, Stored},
    verbs::{self, Call, DeleteOptions},
    wire::{Format, Params},
};

/// Pieces of work done at a time.
const PARALLEL: usize = 32;
/// Pause before work that failed is tried again.
const RETRY: std::time::Duration = std::time::Duration::from_millis(500);

/// Queues what the objects that are there already ask for.
pub(crate) fn recall(core: &Core) {
    for shelf in core.store.shelves() {
        let (objects, _) = shelf.list("", None, || 0);
        for object in objects {
            core.lifecycle.seen(shelf.name(), EventKind::Put, &object, None);
            if &**shelf.name() == "services" {
                let service = object.value();
                core.addresses.mark(service["spec"]["clusterIP"].as_str().unwrap_or_default());
                core.node_ports.mark(&service);
            }
        }
    }
}

/// There is a port now: every namespace gets the certificate.
pub(crate) fn furnish(core: &Core) {
    let (namespaces, _) = core.store.shelf("namespaces").list("", None, || 0);
    for namespace in namespaces {
        core.lifecycle.push(Work::Namespace(namespace.path.clone()));
    }
}

/// Works until the server stops.
pub(crate) async fn run(core: Arc<Core>) {
    let lifecycle = core.lifecycle.clone();
    loop {
        let work = lifecycle.take(PARALLEL);
        if work.is_empty() {
            tokio::select! {
                () = core.stopping.cancelled() => return,
                () = lifecycle.ready() => {}
            }
            continue;
        }
        if core.stopping.is_cancelled() {
            return;
        }
        stream::iter(work).for_each_concurrent(PARALLEL, |work| step(&core, work)).await;
    }
}

async fn step(core: &Arc<Core>, work: Work) {
    let outcome = match &work {
        Work::Dependent(shelf, path) => garbage::dependent(core, shelf, path).await,
        Work::Owner(shelf, path) => garbage::owner(core, shelf, path).await,
        Work::OwnerOf(owner, namespace) => garbage::owner_of(core, owner, namespace).await,
        Work::Namespace(name) => namespaces::step(core, name).await,
        Work::Definition(name) => crate::crd::step(core, name).await,
        Work::Roles => roles::gather(core).await,
        Work::Compact => compact(core).await,
        Work::Expire(path, revision) => expiry::expire(core, path, *revision).await,
    };
    if let Err(error) = outcome {
        tracing::warn!(?work, %error, "housekeeping failed and is tried again");
        let lifecycle = core.lifecycle.clone();
        let stopping = core.stopping.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(RETRY) => lifecycle.push(work),
            }
        });
    }
}

async fn compact(core: &Core) -> Result<(), ApiError> {
    core.store.compact().await?;
    let oldest = core.store.shelves().iter().filter_map(|shelf| shelf.oldest()).min();
    if let Some(oldest) = oldest {
        core.lifecycle.remembered(crate::store::age(oldest));
    }
    Ok(())
}

/// A call by the server itself.
pub(crate) fn call(core: &Arc<Core>, kind: &Arc<Kind>, object: &Stored, who: &str) -> Call {
    Call {
        core: core.clone(),
        kinds: core.registry.kinds(),
        kind: kind.clone(),
        namespace: kind.namespaced.then(|| object.namespace().to_owned()),
        name: Some(object.name().to_owned()),
        subresource: None,
        user: Arc::new(User {
            name: format!("system:serviceaccount:kube-system:{who}"),
            groups: vec!["system:masters".into()],
            ..User::default()
        }),
        params: Params::default(),
        format: Format::JSON,
        manager: "kubelite".into(),
        warnings: std::sync::Mutex::default(),
        under_way: None,
    }
}

/// Deletes an object as a client would.
pub(crate) async fn delete(
    core: &Arc<Core>,
    kind: &Arc<Kind>,
    object: &Stored,
    options: &DeleteOptions,
    who: &str,
) -> Result<(), ApiError> {
    let call = call(core, kind, object, who);
    match verbs::remove(&call, object, options).await {
        Ok(_) => Ok(()),
        Err(error) if error.code == http::StatusCode::NOT_FOUND => Ok(()),
        // Somebody put another object there: that one is not ours to remove.
        Err(error) if error.code == http::StatusCode::CONFLICT => Ok(()),
        Err(error) => Err(error),
    }
}

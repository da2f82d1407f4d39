//! Whatever happens in whatever order, the end is the same, and then nothing happens any more.

use proptest::prelude::*;

use crate::cluster::{Cluster, Fault, Process};
use crate::copies::{DEPLOYMENTS, MAPS, actual, deployment, expected, friend, setting, start_in};

/// Something that a user, a network or an operating system does.
#[derive(Clone, Debug)]
enum Deed {
    Deploy { name: u8, replicas: i32 },
    Undeploy { name: u8 },
    Set { value: u8 },
    Unset,
    Befriend { name: u8, is_friend: bool },
    Unfriend { name: u8 },
    Spoil { name: u8 },
    Steal { name: u8 },
    FailControl(Vec<bool>),
    FailPlane(Vec<bool>),
    Cut,
    Compact,
    Pause(bool),
    Duplicate(bool),
    Settle,
    Crash,
}

fn deed() -> impl Strategy<Value = Deed> {
    let name = 0..3_u8;
    prop_oneof![
        4 => (name.clone(), 0..3).prop_map(|(name, replicas)| Deed::Deploy { name, replicas }),
        2 => name.clone().prop_map(|name| Deed::Undeploy { name }),
        2 => (0..3_u8).prop_map(|value| Deed::Set { value }),
        1 => Just(Deed::Unset),
        2 => (name.clone(), any::<bool>()).prop_map(|(name, is_friend)| Deed::Befriend { name, is_friend }),
        1 => name.clone().prop_map(|name| Deed::Unfriend { name }),
        1 => name.clone().prop_map(|name| Deed::Spoil { name }),
        1 => name.prop_map(|name| Deed::Steal { name }),
        1 => prop::collection::vec(any::<bool>(), 1..3).prop_map(Deed::FailControl),
        1 => prop::collection::vec(any::<bool>(), 1..3).prop_map(Deed::FailPlane),
        1 => Just(Deed::Cut),
        1 => Just(Deed::Compact),
        1 => any::<bool>().prop_map(Deed::Pause),
        1 => any::<bool>().prop_map(Deed::Duplicate),
        2 => Just(Deed::Settle),
        1 => Just(Deed::Crash),
    ]
}

fn faults(after: &[bool]) -> Vec<Fault> {
    after.iter().map(|after| if *after { Fault::After } else { Fault::Before }).collect()
}

async fn play(deeds: &[Deed]) -> Result<(), TestCaseError> {
    let (control, data) = (Cluster::new(), Cluster::new());
    let mut process = Process::default();
    let mut engine = start_in(&process, &control, &data);
    for deed in deeds {
        match deed {
            Deed::Deploy { name, replicas } => control.put(&deployment("ns", &format!("web{name}"), *replicas)),
            Deed::Undeploy { name } => control.remove(DEPLOYMENTS, "ns", &format!("web{name}")),
            Deed::Set { value } => control.put(&setting("ns", &value.to_string())),
            Deed::Unset => control.remove(MAPS, "ns", "setting"),
            Deed::Befriend { name, is_friend } => {
                control.put(&friend("ns", &format!("map{name}"), if *is_friend { "friends" } else { "others" }));
            }
            Deed::Unfriend { name } => control.remove(MAPS, "ns", &format!("map{name}")),
            Deed::Spoil { name } => {
                if let Some(mut copy) = data.get(MAPS, "copies", &format!("ns-web{name}")) {
                    copy["data"]["value"] = "spoiled".into();
                    data.put(&copy);
                }
            }
            Deed::Steal { name } => data.remove(MAPS, "copies", &format!("ns-web{name}")),
            Deed::FailControl(after) => control.fail_next(faults(after)),
            Deed::FailPlane(after) => data.fail_next(faults(after)),
            Deed::Cut => {
                control.cut();
                data.cut();
            }
            Deed::Compact => {
                control.compact();
                data.compact();
            }
            Deed::Pause(paused) => {
                control.pause(*paused);
                data.pause(*paused);
            }
            Deed::Duplicate(twice) => {
                control.duplicate(*twice);
                data.duplicate(*twice);
            }
            Deed::Settle => {
                control.pause(false);
                data.pause(false);
                engine.settled().await;
            }
            Deed::Crash => {
                process.die();
                drop(engine);
                process = Process::default();
                engine = start_in(&process, &control, &data);
            }
        }
        tokio::task::yield_now().await;
    }
    control.pause(false);
    data.pause(false);
    control.forgive();
    data.forgive();
    // What failed often counts as at rest; its next attempt comes by itself.
    while !engine.settled().await.failing.is_empty() {
        engine.until(|snapshot| snapshot.unsettled.iter().all(|key| key.failure.is_none())).await;
    }
    prop_assert_eq!(actual(&control, &data), expected(&control));
    // No self-loop: a look from outside at all caches wakes nobody, and nothing is written any more.
    let writes = (control.writes().len(), data.writes().len());
    control.compact();
    data.compact();
    engine.settled().await;
    prop_assert_eq!((control.writes().len(), data.writes().len()), writes);
    // It owns its copies, the finalizers and the statuses, and writes nothing else.
    for write in control.writes() {
        prop_assert!(write.contains("/deployments/web"), "{}", write);
    }
    for write in data.writes() {
        prop_assert!(write.contains("/namespaces/copies/configmaps/ns-web"), "{}", write);
    }
    engine.shutdown().await;
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(48), max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_end_is_the_same_whatever_happens_on_the_way(deeds in prop::collection::vec(deed(), 1..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(play(&deeds))?;
    }

    #[test]
    fn deletion_ends_in_every_order(order in Just(vec![0_u8, 1, 2, 3, 4, 5]).prop_shuffle(), crash in 0..6_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(delete_in(&order, crash))?;
    }
}

async fn delete_in(order: &[u8], crash: usize) -> Result<(), TestCaseError> {
    let (control, data) = (Cluster::new(), Cluster::new());
    for name in ["web0", "web1"] {
        control.put(&deployment("ns", name, 1));
    }
    control.put(&setting("ns", "x"));
    control.put(&friend("ns", "map", "friends"));
    let mut process = Process::default();
    let mut engine = start_in(&process, &control, &data);
    engine.settled().await;
    for (at, what) in order.iter().enumerate() {
        match what {
            0 => control.remove(DEPLOYMENTS, "ns", "web0"),
            1 => control.remove(DEPLOYMENTS, "ns", "web1"),
            2 => control.remove(MAPS, "ns", "setting"),
            3 => control.remove(MAPS, "ns", "map"),
            4 => data.remove(MAPS, "copies", "ns-web0"),
            _ => data.remove(MAPS, "copies", "ns-web1"),
        }
        if at == crash {
            process.die();
            drop(engine);
            process = Process::default();
            engine = start_in(&process, &control, &data);
        }
        tokio::task::yield_now().await;
    }
    engine.settled().await;
    prop_assert_eq!(control.all(DEPLOYMENTS).len() + data.all(MAPS).len() + control.all(MAPS).len(), 0);
    engine.shutdown().await;
    Ok(())
}

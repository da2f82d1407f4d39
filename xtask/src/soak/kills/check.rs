//! What must hold after a restart.

use super::history::{History, Kind, List, Record, Seen};
use super::watching::{Change, Watching};
use std::collections::HashSet;

/// Each acknowledged write is there, or something later that was asked for; what was deleted stays so.
pub(super) fn restarted(history: &History, kind: &Kind, list: &List, watched: u64) -> Vec<String> {
    let (base, records) = history.since(kind);
    let mut problems = history.problems();
    let newest = history.newest().max(watched);
    if list.revision < newest {
        problems.push(format!("{}: the list is of revision {}, {newest} was told", kind.name, list.revision));
    }
    let none = Record::default();
    let names: HashSet<&String> = base.objects.keys().chain(records.keys()).chain(list.objects.keys()).collect();
    for name in names {
        let record = records.get(name).unwrap_or(&none);
        let known = record.puts.iter().chain(base.objects.get(name)).max_by_key(|seen| seen.revision);
        if let Some(problem) = object(known, record, list.objects.get(name)) {
            problems.push(format!("{} {name}: {problem}", kind.name));
        }
    }
    problems
}

fn object(known: Option<&Seen>, record: &Record, found: Option<&Seen>) -> Option<String> {
    match (known, found) {
        // The server makes some objects by itself.
        (None, None | Some(Seen { write: 0, .. })) => None,
        (Some(known), None) => (!record.unknown_delete && !record.deleted.contains(&known.uid))
            .then(|| format!("{known:?} was acknowledged and is gone")),
        (_, Some(found)) if record.deleted.contains(&found.uid) => Some(format!("{found:?} was deleted and is there")),
        (Some(known), Some(found)) if found.revision < known.revision => {
            Some(format!("{known:?} was acknowledged, {found:?} is there"))
        }
        (Some(known), Some(found)) if found.revision == known.revision => {
            (known != found).then(|| format!("{known:?} was acknowledged, {found:?} has its revision"))
        }
        (_, Some(found)) => {
            (!record.unknown.contains(&found.write)).then(|| format!("{found:?} is there and nobody asked for it"))
        }
    }
}

/// The watch told each change once, in order, and ends where the store is.
pub(super) fn watched(history: &History, watching: &Watching, list: &List) -> Vec<String> {
    let mut problems = Vec::new();
    let (_, records) = history.since(watching.kind);
    let kind = watching.kind.name;
    let mut last = 0;
    for event in watching.events() {
        if event.seen.revision <= last {
            problems.push(format!("{kind} {}: event {} came after {last}", event.name, event.seen.revision));
        }
        last = event.seen.revision;
    }
    let told: HashSet<(&str, u64, u64)> = watching
        .events()
        .iter()
        .filter(|event| event.change == Change::Put)
        .map(|event| (event.name.as_str(), event.seen.revision, event.seen.write))
        .collect();
    let gone: HashSet<&str> = watching
        .events()
        .iter()
        .filter(|event| event.change == Change::Deleted)
        .map(|event| event.seen.uid.as_str())
        .collect();
    for (name, record) in &records {
        for put in &record.puts {
            if !told.contains(&(name, put.revision, put.write)) {
                problems.push(format!("{kind} {name}: {put:?} was acknowledged and no watch told it"));
            }
        }
        for uid in &record.deleted {
            if !gone.contains(uid.as_str()) {
                problems.push(format!("{kind} {name}: the deletion of {uid} was acknowledged and no watch told it"));
            }
        }
    }
    if watching.replica() != &list.objects {
        let differ: Vec<&String> = watching
            .replica()
            .keys()
            .chain(list.objects.keys())
            .filter(|name| watching.replica().get(*name) != list.objects.get(*name))
            .take(3)
            .collect();
        problems.push(format!("{kind}: what the watch told differs from the list in {differ:?}"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(revision: u64, write: u64) -> Seen {
        Seen { revision, uid: "u".into(), write }
    }

    #[test]
    fn a_lost_write_an_old_one_and_one_that_nobody_asked_for_are_found() {
        let record = Record { puts: vec![seen(5, 1)], ..Record::default() };
        let known = record.puts.first();
        assert_eq!(object(known, &record, Some(&seen(5, 1))), None);
        assert!(object(known, &record, None).is_some());
        assert!(object(known, &record, Some(&seen(4, 9))).is_some());
        assert!(object(known, &record, Some(&seen(5, 9))).is_some());
        assert!(object(known, &record, Some(&seen(6, 9))).is_some());
    }

    #[test]
    fn what_nobody_knows_the_end_of_may_or_may_not_have_happened() {
        let mut record = Record { puts: vec![seen(5, 1)], unknown: HashSet::from([9]), ..Record::default() };
        assert_eq!(object(record.puts.first(), &record, Some(&seen(6, 9))), None);
        assert_eq!(object(record.puts.first(), &record, Some(&seen(5, 1))), None);
        record.unknown_delete = true;
        assert_eq!(object(record.puts.first(), &record, None), None);
    }

    #[test]
    fn what_was_deleted_stays_deleted() {
        let record = Record { puts: vec![seen(5, 1)], deleted: HashSet::from(["u".into()]), ..Record::default() };
        assert_eq!(object(record.puts.first(), &record, None), None);
        assert!(object(record.puts.first(), &record, Some(&seen(5, 1))).is_some());
    }
}

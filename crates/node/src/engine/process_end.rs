//! The end of a container's main process, as the kernel tells it: engines tell it late (Podman follows a log of its own).

use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::net::unix::pipe::Receiver;

use super::{Engine, Observed, Phase};

/// The pauses before the engine is asked again about a process that has ended: it reads the exit code a moment after the
/// end. Should it take longer than all of them, its event tells.
const PAUSES: [Duration; 7] = [
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(40),
    Duration::from_millis(80),
    Duration::from_millis(160),
    Duration::from_millis(320),
];

/// What became of a container's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It has ended.
    Ended,
    /// No process of that number is the container's, as far as can be seen from here: the engine counts processes
    /// otherwise, or the number was given away.
    NotSeen,
}

impl Engine {
    /// Returns when the main process of a container that was seen running has ended and the engine knows it, or when it
    /// is better looked at again because its process is not to be seen from here. Where the engine is another machine,
    /// never: its events tell.
    pub(crate) async fn ended(&self, seen: &Observed) {
        let Some(process) = seen.process.filter(|_| self.address().starts_with("unix://")) else {
            return std::future::pending().await;
        };
        if fate(process, &seen.id).await == Fate::NotSeen {
            return;
        }
        for pause in PAUSES {
            match self.inspect(&seen.id).await {
                Ok(Some(found)) if found.phase == Phase::Running && found.process == seen.process => {}
                _ => return,
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// Waits for the end of a container's process.
async fn fate(process: i32, container: &str) -> Fate {
    let Some(pid) = Pid::from_raw(process) else { return Fate::NotSeen };
    // From here on the number means this process, whoever gets the number after it.
    let handle = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(handle) => handle,
        Err(Errno::SRCH) => return Fate::Ended,
        Err(error) => {
            tracing::debug!(container, %error, "the process of a container is not watched");
            return Fate::NotSeen;
        }
    };
    let ours = tokio::fs::read_to_string(format!("/proc/{process}/cgroup")).await;
    if !ours.is_ok_and(|groups| is_of(&groups, container)) {
        // One that ends is taken out of its groups.
        return if has_ended(&handle) { Fate::Ended } else { Fate::NotSeen };
    }
    // A process that has ended can be read from, as a pipe; the runtime has no name of its own for that.
    let end = match Receiver::from_owned_fd_unchecked(handle) {
        Ok(end) => end,
        Err(error) => {
            tracing::debug!(container, %error, "the process of a container is not watched");
            return Fate::NotSeen;
        }
    };
    match end.readable().await {
        Ok(()) => Fate::Ended,
        Err(_) => Fate::NotSeen,
    }
}

fn has_ended(process: &OwnedFd) -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&now)).is_ok_and(|ready| ready > 0)
}

/// Whether control groups, as `/proc` lists those of a process, are a container's: engines name them by its id.
fn is_of(groups: &str, container: &str) -> bool {
    !container.is_empty() && groups.contains(container)
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use super::{Fate, fate};

    /// A process that waits until it is killed.
    fn process() -> Child {
        Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("starts")
    }

    fn number(process: &Child) -> i32 {
        i32::try_from(process.id()).expect("a number")
    }

    /// A part of the name of the group that this process and its children are in, standing for a container's id.
    fn group() -> String {
        let groups = std::fs::read_to_string("/proc/self/cgroup").expect("groups");
        groups.lines().next().expect("a group").to_owned()
    }

    #[tokio::test]
    async fn the_end_of_a_process_is_told_when_it_ends() {
        let (mut process, group) = (process(), group());
        let mut end = std::pin::pin!(fate(number(&process), &group));
        assert!(tokio::time::timeout(Duration::from_millis(100), &mut end).await.is_err(), "it runs");
        process.kill().expect("killed");
        assert_eq!(end.await, Fate::Ended);
        process.wait().expect("ended");
    }

    #[tokio::test]
    async fn a_process_that_ended_before_it_was_watched_is_told_at_once() {
        let mut process = process();
        process.kill().expect("killed");
        rustix::process::waitid(
            rustix::process::WaitId::Pid(rustix::process::Pid::from_child(&process)),
            rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT,
        )
        .expect("ended");
        assert_eq!(fate(number(&process), &group()).await, Fate::Ended, "it has left its groups");
        process.wait().expect("ended");
        assert_eq!(fate(number(&process), &group()).await, Fate::Ended, "there is none of its number");
    }

    #[tokio::test]
    async fn a_number_that_another_process_has_is_not_watched() {
        let mut process = process();
        assert_eq!(fate(number(&process), "97fc2aaf7d33b6fd").await, Fate::NotSeen);
        assert_eq!(fate(number(&process), "").await, Fate::NotSeen);
        process.kill().expect("killed");
        process.wait().expect("ended");
    }
}

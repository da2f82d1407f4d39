//! Whether the kernel killed a container for memory, from the kernel's own log: some engines on some machines do not say.

use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;

/// The exit code of a process that was killed.
pub(crate) const KILLED: i32 = 137;

/// Whether the kernel's log tells of an out-of-memory kill in the container's control group. `false` where the log may
/// not be read.
pub(crate) async fn killed_by_kernel(container_id: String) -> bool {
    tokio::task::spawn_blocking(move || search(&container_id).unwrap_or(false)).await.unwrap_or(false)
}

fn search(container_id: &str) -> std::io::Result<bool> {
    let mut log = std::fs::OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open("/dev/kmsg")?;
    let mut record = [0_u8; 8192];
    loop {
        match log.read(&mut record) {
            Ok(0) => return Ok(false),
            Ok(length) => {
                if tells(&String::from_utf8_lossy(&record[..length]), container_id) {
                    return Ok(true);
                }
            }
            // A record was overwritten while it was to be read; the next one is there.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

fn tells(record: &str, container_id: &str) -> bool {
    let Some((_, rest)) = record.split_once("oom_memcg=") else { return false };
    !container_id.is_empty() && rest.split(',').next().is_some_and(|group| group.contains(container_id))
}

#[cfg(test)]
mod tests {
    use super::tells;

    #[test]
    fn only_a_kill_by_the_containers_own_limit_counts() {
        let record = "6,1,2,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=libpod-0ca6,mems_allowed=0,oom_memcg=/libpod_parent/libpod-0ca6,task_memcg=/libpod_parent/libpod-0ca6,task=busybox,pid=25118,uid=0";
        assert!(tells(record, "0ca6"));
        assert!(!tells(record, "1ffe"));
        assert!(!tells("oom-kill:constraint=CONSTRAINT_NONE,task_memcg=/libpod_parent/libpod-0ca6", "0ca6"));
    }
}

//! The image of the container that holds a pod's network while the pod's own containers come and go: one program that
//! waits for signals, and nothing else. It is made here, so no registry is needed.

use bollard::body_full;
use bollard::query_parameters::{CreateImageOptions, RemoveImageOptions};
use futures::TryStreamExt as _;

use super::{Engine, is_missing};

const REPOSITORY: &str = "localhost/node-pause";
/// Where the one segment of the program is loaded.
const LOAD_ADDRESS: u64 = 0x40_0000;
/// Bytes of the ELF header and of the one program header.
const HEADERS: u64 = 64 + 56;

/// Instructions that wait for ever: `pause` on x86-64, `ppoll` without descriptors on AArch64.
struct Machine {
    elf_machine: u16,
    code: &'static [u8],
}

const X86_64: Machine = Machine {
    elf_machine: 62,
    code: &[
        0xb8, 0x22, 0x00, 0x00, 0x00, // mov eax, 34 (pause)
        0x0f, 0x05, // syscall
        0xeb, 0xf7, // jmp to the start
    ],
};

const AARCH64: Machine = Machine {
    elf_machine: 183,
    code: &[
        0x00, 0x00, 0x80, 0xd2, // mov x0, 0
        0x01, 0x00, 0x80, 0xd2, // mov x1, 0
        0x02, 0x00, 0x80, 0xd2, // mov x2, 0
        0x03, 0x00, 0x80, 0xd2, // mov x3, 0
        0x04, 0x00, 0x80, 0xd2, // mov x4, 0
        0x28, 0x09, 0x80, 0xd2, // mov x8, 73 (ppoll)
        0x01, 0x00, 0x00, 0xd4, // svc 0
        0xf9, 0xff, 0xff, 0x17, // b to the start
    ],
};

impl Engine {
    /// Makes the image where it is missing and returns its name.
    pub(crate) async fn infra_image(&self) -> Result<String, bollard::errors::Error> {
        let name = self.infra_image_name();
        if self.local_image(&name).await?.is_some() {
            return Ok(name);
        }
        let machine = match self.abilities().architecture.as_str() {
            "arm64" | "aarch64" => &AARCH64,
            _ => &X86_64,
        };
        let options = CreateImageOptions {
            from_src: Some("-".to_owned()),
            // With the tag: Podman overlooks a tag of its own here.
            repo: Some(name.clone()),
            ..CreateImageOptions::default()
        };
        let archive = archive(&program(machine), self.instance())?;
        let _: Vec<_> =
            self.docker().create_image(Some(options), Some(body_full(archive.into())), None).try_collect().await?;
        Ok(name)
    }

    fn infra_image_name(&self) -> String {
        format!("{REPOSITORY}:{}", self.instance())
    }

    /// Removes the image where no container uses it.
    pub(crate) async fn remove_infra_image(&self) {
        let removed = self.docker().remove_image(&self.infra_image_name(), None::<RemoveImageOptions>, None).await;
        if let Err(error) = removed
            && !is_missing(&error)
        {
            tracing::debug!(%error, "the image of network containers stays");
        }
    }
}

/// The smallest static ELF program around the instructions.
fn program(machine: &Machine) -> Vec<u8> {
    let size = HEADERS + machine.code.len() as u64;
    let mut elf = Vec::with_capacity(size as usize);
    elf.extend_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    elf.extend_from_slice(&2_u16.to_le_bytes());
    elf.extend_from_slice(&machine.elf_machine.to_le_bytes());
    elf.extend_from_slice(&1_u32.to_le_bytes());
    elf.extend_from_slice(&(LOAD_ADDRESS + HEADERS).to_le_bytes());
    elf.extend_from_slice(&64_u64.to_le_bytes());
    elf.extend_from_slice(&0_u64.to_le_bytes());
    elf.extend_from_slice(&0_u32.to_le_bytes());
    for half in [64_u16, 56, 1, 0, 0, 0] {
        elf.extend_from_slice(&half.to_le_bytes());
    }
    let (loadable, readable_and_executable) = (1_u32, 5_u32);
    elf.extend_from_slice(&loadable.to_le_bytes());
    elf.extend_from_slice(&readable_and_executable.to_le_bytes());
    for word in [0, LOAD_ADDRESS, LOAD_ADDRESS, size, size, 0x1000] {
        elf.extend_from_slice(&word.to_le_bytes());
    }
    elf.extend_from_slice(machine.code);
    elf
}

/// A tape archive with the program, and with the installation's id: layers of equal content are one layer to the engine,
/// and Podman fails a making of it while another installation removes it.
fn archive(program: &[u8], instance: &str) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, mode, content) in [("pause", 0o755, program), ("instance", 0o644, instance.as_bytes())] {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        archive.append_data(&mut header, name, content)?;
    }
    archive.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_program_waits_until_it_is_killed() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("pause");
        std::fs::write(&file, program(&X86_64)).expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o700)).expect("made executable");
        let mut child = std::process::Command::new(&file).spawn().expect("it starts");
        assert!(child.try_wait().expect("asked").is_none(), "it still runs");
        child.kill().expect("killed");
        let status = child.wait().expect("it ended");
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
    }

    #[test]
    fn two_installations_share_no_layer() {
        let program = program(&X86_64);
        assert_ne!(archive(&program, "n1").expect("an archive"), archive(&program, "n2").expect("an archive"));
    }
}

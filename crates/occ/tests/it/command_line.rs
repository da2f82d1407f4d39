//! Arguments, configuration and login.

use crate::plane::{Plane, Ran, occ, run};
use std::os::unix::fs::PermissionsExt;

fn alone(arguments: &[&str]) -> Ran {
    let mut command = occ();
    command.args(arguments);
    run(command, "")
}

#[test]
fn help_fits_a_screen_and_names_every_command() {
    let help = alone(&["--help"]);
    assert_eq!(help.code, 0);
    assert!(help.out.lines().count() <= 40 && help.out.lines().all(|line| line.chars().count() <= 100), "{}", help.out);
    for word in ["apply", "component", "clusterauthzrolebinding", "config", "login"] {
        assert!(help.out.contains(word), "{word}");
    }
}

#[test]
fn a_typo_is_answered_with_the_word_that_was_meant() {
    let typo = alone(&["compnent", "list"]);
    assert_eq!(typo.code, 2);
    assert!(typo.err.contains("component"), "{}", typo.err);
    let verb_first = alone(&["get", "component"]);
    assert!(verb_first.err.contains("The noun comes first: occ NOUN get"), "{}", verb_first.err);
}

#[test]
fn shells_are_told_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = alone(&["completion", shell]);
        assert_eq!((script.code, script.err.as_str()), (0, ""), "{shell}");
        for word in ["occ", "releasebinding", "deploy", "controlplane", "namespace"] {
            assert!(script.out.contains(word), "{shell}: {word}");
        }
    }
    let none = alone(&["completion", "basic"]);
    assert!(none.code == 2 && none.err.contains("bash"), "{none:?}");
}

#[test]
fn without_a_control_plane_the_error_says_how_to_get_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = occ();
    command.args(["project", "list"]).env("HOME", folder.path()).env("CHOREO_API_ENDPOINT", "http://127.0.0.1:1");
    let ran = run(command, "");
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("http://127.0.0.1:1") && ran.err.contains("openchoreo up"), "{}", ran.err);
}

#[test]
fn contexts_are_kept_in_the_format_of_v12() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = |arguments: &[&str]| {
        let mut command = occ();
        command.args(["--config", "c/config", "config"]).args(arguments).current_dir(folder.path());
        let ran = run(command, "");
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    };
    config(&["controlplane", "add", "local", "--url", "http://127.0.0.1:18081"]);
    config(&["credentials", "add", "me"]);
    let add =
        ["context", "add", "dev", "--controlplane", "local", "--credentials", "me", "-n", "occ-demo", "-p", "shop"];
    config(&add);
    config(&["context", "use", "dev"]);
    assert_eq!(
        config(&["context", "list"]),
        "    NAME   CONTROLPLANE   CREDENTIALS   NAMESPACE   PROJECT   COMPONENT   RESOURCE\n\
         *   dev    local          me            occ-demo    shop      -           -\n"
    );
    let path = folder.path().join("c/config");
    assert_eq!(
        std::fs::read_to_string(&path).expect("a file"),
        "currentContext: dev\n\
         controlplanes:\n- name: local\n  url: http://127.0.0.1:18081\n\
         credentials:\n- name: me\n\
         contexts:\n- name: dev\n  controlplane: local\n  credentials: me\n  namespace: occ-demo\n  project: shop\n"
    );
    assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_proved_kept_and_forgotten() {
    let plane = Plane::start().await;
    let listed = plane.occ(&["project", "list"]).await;
    assert_eq!((listed.code, listed.err.as_str()), (0, "No projects found\n"));
    let kept = plane.folder().join("config.tokens");
    assert_eq!(std::fs::metadata(&kept).expect("a kept token").permissions().mode() & 0o777, 0o600);
    // A token that the server does not take any more is replaced without a word.
    std::fs::write(&kept, std::fs::read_to_string(&kept).expect("tokens").replace("\"value\":\"ey", "\"value\":\"no"))
        .expect("written");
    assert_eq!(plane.occ(&["project", "list"]).await.code, 0);

    let wrong = plane
        .occ_fed(
            &["login", "--client-credentials", "--client-id", "openchoreo-cli", "--client-secret-file", "-"],
            "wrong\n",
        )
        .await;
    assert_eq!(wrong.code, 4);
    assert!(
        wrong.err.contains("gives client \"openchoreo-cli\" no token") && !wrong.err.contains("wrong"),
        "{}",
        wrong.err
    );
    let shown = plane.occ(&["login", "--client-credentials", "--client-id", "x", "--client-secret", "visible"]).await;
    assert!(shown.code == 1 && shown.err.contains("OCC_CLIENT_SECRET") && !shown.err.contains("visible"), "{shown:?}");

    let credentials = async || plane.occ(&["config", "credentials", "list"]).await.out;
    let row = |token| format!("NAME    AUTH METHOD          HAS TOKEN\nlocal   client_credentials   {token}\n");
    assert_eq!(credentials().await, row("yes"));
    assert_eq!(plane.occ(&["logout"]).await.code, 0);
    assert!(!kept.exists());
    assert_eq!(credentials().await, row("-"));
    let out = plane.occ(&["project", "list"]).await;
    assert_eq!(out.code, 4);
    assert!(out.err.contains("not logged in") && out.err.contains("occ login"), "{}", out.err);
    plane.end().await;
}

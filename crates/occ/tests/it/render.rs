//! `occ render`: no control plane is near.

use crate::offline::{COMPONENT, TYPE, told};
use crate::plane::{Ran, occ, run};
use std::path::Path;

/// What the component is bound to, and a trait of it.
const MORE: &str = "\
apiVersion: openchoreo.dev/v1alpha1
kind: ReleaseBinding
metadata:
  name: cart-production
spec:
  owner: {projectName: shop, componentName: cart}
  environment: production
  componentTypeEnvironmentConfigs: {level: warn}
---
apiVersion: openchoreo.dev/v1alpha1
kind: Trait
metadata:
  name: storage
spec:
  patches:
    - target: {group: apps, version: v1, kind: Deployment}
      operations:
        - {op: replace, path: /spec/replicas, value: 1}
";

fn component() -> String {
    COMPONENT.replace(
        "    level: high\n",
        "    level: high\n    replicas: 2\n  traits:\n    - {name: storage, instanceName: disk}\n",
    )
}

fn files() -> [(&'static str, String); 3] {
    [("type.yaml", TYPE.to_owned()), ("cart.yaml", component()), ("more.yaml", MORE.to_owned())]
}

fn render(files: &[(&str, String)], arguments: &[&str]) -> Ran {
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    told(&files, &[&["render"], arguments].concat())
}

#[test]
fn a_field_is_explained_with_file_and_line() {
    let explain = |field: &str| {
        let ran = render(&files(), &["-f", ".", "-e", "production", "--explain", field]);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    };
    assert_eq!(
        explain("configmap:data.level"),
        "data.level is \"warn\": written by ComponentType deployment/web, spec.resources[1].template.data.level, \
         from ${environmentConfigs.level}, given for the environment (./type.yaml:39:11)\n"
    );
    assert_eq!(
        explain("Deployment:spec.replicas"),
        "spec.replicas is 1: written by a patch of Trait storage/disk, spec.patches[0].operations[0].value; before that by \
         ComponentType deployment/web, spec.resources[0].template.spec.replicas, from ${parameters.replicas}, \
         a parameter that was given (./more.yaml:18:47)\n"
    );
}

#[test]
fn manifests_are_shown_as_they_are_or_with_notes() {
    let plain = render(&files(), &["-f", "."]);
    assert_eq!(plain.code, 0, "{plain:?}");
    assert_eq!(plain.out.matches("\n---\n").count(), 2);
    assert!(plain.out.contains("kind: NetworkPolicy") && !plain.out.contains('#'), "{}", plain.out);
    assert!(plain.err.contains("note: UIDs are zeros"), "{}", plain.err);
    let noted = render(&files(), &["cart", "-f", ".", "--notes"]);
    let line = noted.out.lines().find(|line| line.trim_start().starts_with("level:")).expect("a line");
    assert!(line.ends_with("# ${environmentConfigs.level}, a default of the schema"), "{line}");
}

#[test]
fn what_is_missing_is_told_at_once() {
    let mut wanting = files();
    wanting[1].1 = component().replace("replicas: 2", "replicas: many").replace("level: high", "level: middling");
    let ran = render(&wanting, &["-f", "."]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    let errors: Vec<&str> = ran.err.lines().filter(|line| line.contains("error[")).collect();
    assert_eq!(
        errors,
        [
            "./cart.yaml:11:5: error[compile/values] Component cart: spec.parameters.level",
            "./cart.yaml:12:5: error[compile/values] Component cart: spec.parameters.replicas",
        ],
        "{}",
        ran.err
    );

    let ran = render(&files(), &["-f", "cart.yaml"]);
    assert_eq!(ran.code, 3);
    assert_eq!(
        ran.err,
        "Error: cart.yaml:8:3: the ComponentType deployment/web is in none of the files: add its file with -f\n\
         cart.yaml:14:7: the Trait storage is in none of the files: add its file with -f\n"
    );
}

#[test]
fn a_field_that_is_not_there_is_answered_with_what_is() {
    let ran = |field: &str| render(&files(), &["-f", ".", "--explain", field]);
    let wrong = ran("service:spec");
    assert_eq!(wrong.code, 3);
    assert!(wrong.err.contains("there are configmap/cart, deployment/cart-development-"), "{}", wrong.err);
    assert!(ran("deployment:spec.paused").err.contains("has no field spec.paused"));
    assert_eq!(ran("deployment").code, 2);
}

/// The types that the project ships and its example, as a platform engineer has them.
#[test]
fn the_example_is_rendered_with_the_shipped_types() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for component in ["entries", "quotes", "web"] {
        let mut command = occ();
        command.args(["render", component, "-f", "platform", "-f", "examples/guestbook/manifests", "--notes"]);
        command.current_dir(&root);
        let ran = run(command, "");
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains("kind: Deployment") && !ran.out.contains("# unknown"), "{}", ran.out);
    }
}

//! `occ render`: no control plane is near.

use crate::plane::{Ran, occ, run};
use std::path::{Path, PathBuf};

const TYPE: &str = "apiVersion: openchoreo.dev/v1alpha1
kind: ComponentType
metadata:
  name: small
spec:
  workloadType: deployment
  allowedTraits:
    - {kind: Trait, name: tty}
  parameters:
    openAPIV3Schema:
      type: object
      properties:
        replicas: {type: integer, default: 1}
  environmentConfigs:
    openAPIV3Schema:
      type: object
      properties:
        level: {type: string, default: info}
  resources:
    - id: deployment
      template:
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: ${metadata.componentName}
        spec:
          replicas: ${parameters.replicas}
          template:
            spec:
              containers:
                - name: main
                  image: ${workload.container.image}
    - id: config
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: ${metadata.componentName}
        data:
          level: ${environmentConfigs.level}
";

const COMPONENT: &str = "apiVersion: openchoreo.dev/v1alpha1
kind: Component
metadata:
  name: app
  namespace: default
spec:
  owner: {projectName: shop}
  componentType: {name: deployment/small}
  parameters: {replicas: 2}
  traits:
    - {name: tty, instanceName: tty}
---
apiVersion: openchoreo.dev/v1alpha1
kind: Workload
metadata:
  name: app
spec:
  owner: {projectName: shop, componentName: app}
  container: {image: registry.example.com/app:1}
---
apiVersion: openchoreo.dev/v1alpha1
kind: ReleaseBinding
metadata:
  name: app-production
spec:
  owner: {projectName: shop, componentName: app}
  environment: production
  componentTypeEnvironmentConfigs: {level: warn}
---
apiVersion: openchoreo.dev/v1alpha1
kind: Trait
metadata:
  name: tty
spec:
  patches:
    - target: {group: apps, version: v1, kind: Deployment}
      operations:
        - {op: replace, path: /spec/replicas, value: 1}
";

fn folder(component: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("type.yaml"), TYPE).expect("a file");
    std::fs::write(folder.path().join("app.yaml"), component).expect("a file");
    folder
}

fn render(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = occ();
    command.args(["render"]).args(arguments).current_dir(folder).env("CHOREO_API_ENDPOINT", "http://127.0.0.1:1");
    run(command, "")
}

#[test]
fn a_field_is_explained_with_file_and_line() {
    let folder = folder(COMPONENT);
    let explain = |field: &str| {
        let ran = render(folder.path(), &["-f", ".", "-e", "production", "--explain", field]);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    };
    assert_eq!(
        explain("configmap:data.level"),
        "data.level is \"warn\": written by ComponentType deployment/small, spec.resources[1].template.data.level, \
         from ${environmentConfigs.level}, given for the environment (./type.yaml:40:11)\n"
    );
    assert_eq!(
        explain("Deployment/app:spec.replicas"),
        "spec.replicas is 1: written by a patch of Trait tty/tty, spec.patches[0].operations[0].value; before that by \
         ComponentType deployment/small, spec.resources[0].template.spec.replicas, from ${parameters.replicas}, \
         a parameter that was given (./app.yaml:38:47)\n"
    );
}

#[test]
fn manifests_are_shown_as_they_are_or_with_notes() {
    let folder = folder(COMPONENT);
    let plain = render(folder.path(), &["-f", "."]);
    assert_eq!(plain.code, 0, "{plain:?}");
    assert_eq!(plain.out.matches("\n---\n").count(), 2);
    assert!(plain.out.contains("kind: NetworkPolicy") && !plain.out.contains('#'), "{}", plain.out);
    assert!(plain.err.contains("note: UIDs are zeros"), "{}", plain.err);
    let noted = render(folder.path(), &["app", "-f", ".", "--notes"]);
    let line = noted.out.lines().find(|line| line.trim_start().starts_with("level:")).expect("a line");
    assert!(line.ends_with("# ${environmentConfigs.level}, a default of the schema"), "{line}");
}

#[test]
fn what_is_missing_is_told_at_once() {
    let no_image =
        COMPONENT.replace("replicas: 2", "replicas: many").replace("name: tty, instance", "name: ttz, instance");
    let folder = folder(&no_image);
    let ran = render(folder.path(), &["-f", "."]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("parameters.replicas") && ran.err.contains("ttz"), "{}", ran.err);

    let ran = render(folder.path(), &["-f", "app.yaml"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("app.yaml:8:3: ComponentType deployment/small is in none of the files"), "{}", ran.err);
}

#[test]
fn a_field_that_is_not_there_is_answered_with_what_is() {
    let folder = folder(COMPONENT);
    let ran = |field: &str| render(folder.path(), &["-f", ".", "--explain", field]);
    let wrong = ran("service:spec");
    assert_eq!(wrong.code, 3);
    assert!(wrong.err.contains("there are configmap/app, deployment/app, networkpolicy/"), "{}", wrong.err);
    assert!(ran("deployment:spec.paused").err.contains("deployment/app has no field spec.paused"));
    assert_eq!(ran("deployment").code, 2);
}

/// The types that the project ships and its example, as a platform engineer has them.
#[test]
fn the_example_is_rendered_with_the_shipped_types() {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for component in ["entries", "quotes", "web"] {
        let ran = render(&root, &[component, "-f", "platform", "-f", "examples/guestbook/manifests", "--notes"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains("kind: Deployment") && !ran.out.contains("# unknown"), "{}", ran.out);
    }
}

//! `check`: what a person reads of files, without a control plane.

use crate::offline::{self, COMPONENT, TYPE};
use crate::plane::{Ran, occ, run};
use std::path::Path;

fn told(files: &[(&str, &str)], arguments: &[&str]) -> Ran {
    offline::told(files, &[&["check"], arguments].concat())
}

/// As [`told`], as one text with the exit code.
fn text(files: &[(&str, &str)], arguments: &[&str]) -> String {
    let ran = told(files, arguments);
    assert_eq!(ran.err, "", "nothing goes to standard error");
    format!("{}exit code {}\n", ran.out, ran.code)
}

/// What the repository ships.
fn repository(paths: &[&str]) -> Ran {
    let mut command = occ();
    command.arg("check").args(paths).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    run(command, "")
}

#[test]
fn every_mistake_of_a_type_is_told_with_its_place() {
    let wrong = TYPE
        .replace("          replicas: ${parameters.replicas}", "          replicas: ${parameters.replica + 1}")
        .replace("\"${parameters.level}\"", "'is ${sise(parameters.level)} and ${parameters.level + 1}'")
        .replace("  workloadType: deployment\n", "  workloadTyp: deployment\n  workloadType: deployment\n")
        .replace(
            "    - id: deployment\n",
            "    - id: script\n      includeWhen: ${parameters.replicas}\n      forEach: |\n        ${parameters.level\n            .upperAscii(1)\n          + workloads.size()}\n      var: one\n      template:\n        apiVersion: v1\n        kind: ConfigMap\n        metadata: {namespace: kube-system}\n    - id: deployment\n",
        );
    insta::assert_snapshot!(text(&[("type.yaml", &wrong)], &["type.yaml"]));
}

#[test]
fn every_mistake_of_a_trait_is_told_with_its_place() {
    let spec = "\
apiVersion: openchoreo.dev/v1alpha1
kind: Trait
metadata:
  name: storage
spec:
  parameters:
    openAPIV3Schema:
      type: object
      properties:
        size: {type: string}
        unread: {type: boolean}
  creates:
    - template:
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: \"${trait.instanceName}\"}
        spec:
          size: ${parameters.sizes}
  patches:
    - target: {group: apps, version: v1, kind: Deployment}
      operations:
        - op: replace
          path: /spec/template[
          value: 1
        - op: add
          path: /spec/a
";
    insta::assert_snapshot!(text(&[("trait.yaml", spec)], &["trait.yaml"]));
}

#[test]
fn what_is_no_object_leaves_the_others_alone() {
    let broken = "\
kind: Componnet
metadata: {name: x}
---
a: [1, 2
---
apiVersion: v1
kind: ConfigMap
metadata: {name: of-another-api}
---
apiVersion: openchoreo.dev/v1alpha1
kind: Project
metadata: {name: shop}
spec:
  deploymentPipelineRef: {name: default}
  typ: {name: default}
---
apiVersion: openchoreo.dev/v1alpha1
kind: Environment
metadata: {name: development}
spec:
  isProduction: certainly
";
    insta::assert_snapshot!(text(&[("broken.yaml", broken)], &["-f", "broken.yaml"]));
}

#[test]
fn a_component_is_told_what_would_be_made_of_it() {
    insta::assert_snapshot!(text(&[("type.yaml", TYPE), ("cart.yaml", COMPONENT)], &["."]));
}

#[test]
fn a_component_alone_is_told_what_else_is_needed() {
    insta::assert_snapshot!(text(&[("cart.yaml", COMPONENT)], &["cart.yaml"]));
}

#[test]
fn a_component_is_told_what_is_missing() {
    let wanting = COMPONENT
        .replace("  parameters:\n    level: high\n", "  parameters:\n    replicas: many\n  traits:\n    - {name: storage, instanceName: data}\n    - {name: other, instanceName: more}\n")
        .replace("    image: cart:1", "    image: cart:1\n    env:\n      - key: TOKEN\n        valueFrom: {secretKeyRef: {name: token, key: value}}\n  dependencies:\n    endpoints:\n      - {component: quotes, name: grpc, visibility: project, envBindings: {address: QUOTES}}");
    let storage = "\
apiVersion: openchoreo.dev/v1alpha1
kind: Trait
metadata: {name: storage}
spec:
  parameters:
    openAPIV3Schema: {type: object, required: [size], properties: {size: {type: string}}}
  creates:
    - template: {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: x}, spec: {size: \"${parameters.size}\"}}
---
apiVersion: openchoreo.dev/v1alpha1
kind: Trait
metadata: {name: other}
spec:
  creates:
    - template: {apiVersion: v1, kind: ConfigMap, metadata: {name: y}}
---
apiVersion: openchoreo.dev/v1alpha1
kind: Workload
metadata: {name: quotes}
spec:
  owner: {projectName: shop, componentName: quotes}
  endpoints:
    http: {type: HTTP, port: 80}
  container: {image: quotes:1}
---
apiVersion: openchoreo.dev/v1alpha1
kind: ReleaseBinding
metadata: {name: cart-staging}
spec:
  owner: {projectName: shop, componentName: cart}
  environment: staging
  traitEnvironmentConfigs: {}
";
    let files = [("a-type.yaml", TYPE), ("b-cart.yaml", wanting.as_str()), ("c-more.yaml", storage)];
    insta::assert_snapshot!(text(&files, &["."]));
}

#[test]
fn no_more_than_fifty_errors_are_listed() {
    let mut wrong = "apiVersion: openchoreo.dev/v1alpha1\nkind: Trait\nmetadata: {name: many}\nspec:\n  creates:\n    - template:\n        apiVersion: v1\n        kind: ConfigMap\n        metadata: {name: a}\n        data:\n".to_owned();
    for number in 0..70 {
        wrong.push_str(&format!("          k{number}: ${{nothing}}\n"));
    }
    let ran = told(&[("many.yaml", &wrong)], &["many.yaml"]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.out.lines().filter(|line| line.starts_with("many.yaml:")).count(), 50);
    assert!(ran.out.ends_with("\nand 20 more errors\n70 errors, 0 warnings: 1 object in 1 file\n"), "{}", ran.out);
    // In the order of their lines.
    assert!(
        ran.out
            .starts_with("many.yaml:11:17: error[compile/expression] Trait many: spec.creates[0].template.data.k0\n"),
        "{}",
        ran.out
    );
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let ran = told(&[], &["none.yaml"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (1, "", "Error: path none.yaml does not exist\n"));
    assert_eq!(told(&[], &[]).code, 2);
}

#[test]
fn the_platform_and_the_example_check_clean() {
    let platform = repository(&["platform"]);
    assert_eq!((platform.code, platform.err.as_str()), (0, ""), "{}", platform.out);
    assert!(platform.out.starts_with("nothing is wrong with "), "{}", platform.out);
    let both = repository(&["examples/guestbook/manifests", "platform"]);
    assert_eq!((both.code, both.err.as_str()), (0, ""), "{}", both.out);
    assert!(
        both.out.contains("\nnothing is wrong with ")
            && both.out.contains("Component entries in development would be made of\n"),
        "{}",
        both.out
    );
}

#[test]
fn the_published_manifests_check_clean() {
    let fixtures = std::env::var_os("OPENCHOREO_FIXTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures"),
        std::path::PathBuf::from,
    );
    let path = fixtures.join("manifests");
    if !path.is_dir() {
        println!("skipped: {} is not there (set OPENCHOREO_FIXTURES)", path.display());
        return;
    }
    let mut command = occ();
    command.arg("check").arg(&path);
    let ran = run(command, "");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(ran.out.contains("\n0 errors, "), "{}", ran.out);
}

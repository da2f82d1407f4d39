//! `apply`, and reading back what went in.

use crate::plane::{Plane, Ran, json};

const SHOP: &str = "\
apiVersion: openchoreo.dev/v1alpha1
kind: Component
metadata:
  name: cart
spec:
  owner:
    projectName: shop
  componentType:
    kind: ClusterComponentType
    name: deployment/service
---
# What the component refers to comes after it, and goes in before it.
apiVersion: openchoreo.dev/v1alpha1
kind: Project
metadata:
  name: shop
  labels:
    answer: yes
";

fn ran(code: i32, out: &str, err: &str) -> Ran {
    Ran { code, out: out.into(), err: err.into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_in_comes_out_again_and_goes_away() {
    let plane = Plane::start().await;
    plane.file("shop.yaml", SHOP);
    let first = plane.occ(&["apply", "-f", "shop.yaml"]).await;
    assert_eq!(
        first,
        ran(0, "project/shop created\ncomponent/cart created\n", "Applied 2 resource(s) from 1 file(s)\n")
    );
    let again = plane.occ(&["apply", "-f", "shop.yaml"]).await;
    assert_eq!(
        again,
        ran(0, "project/shop unchanged\ncomponent/cart unchanged\n", "Applied 2 resource(s) from 1 file(s)\n")
    );
    let fed = plane.occ_fed(&["apply", "-f", "-"], &SHOP.replace("yes", "no")).await;
    assert_eq!(
        fed,
        ran(0, "project/shop configured\ncomponent/cart unchanged\n", "Applied 2 resource(s) from 1 file(s)\n")
    );
    let project = plane.occ(&["project", "get", "shop", "-o", "json"]).await;
    assert_eq!(json(&project.out)["metadata"]["labels"]["answer"], "no");

    let table = plane.occ(&["component", "list"]).await;
    assert!(
        table.out.starts_with("NAME   PROJECT   TYPE                 AGE\ncart   shop      deployment/service   "),
        "{table:?}"
    );
    let narrow = plane.occ(&["comp", "ls", "-p", "shop"]).await;
    assert!(narrow.out.starts_with("NAME   TYPE                 AGE\n"), "{narrow:?}");
    assert_eq!(plane.occ(&["components", "list", "-o", "name"]).await, ran(0, "component/cart\n", ""));
    assert_eq!(plane.occ(&["trait", "list"]).await, ran(0, "", "No traits found\n"));

    let got = plane.occ(&["component", "get", "cart"]).await;
    assert!(got.out.starts_with("apiVersion: openchoreo.dev/v1alpha1\nkind: Component\nmetadata:\n"), "{got:?}");
    let gone = plane.occ(&["component", "delete", "cart", "--wait"]).await;
    assert_eq!(gone, ran(0, "component/cart deleted\n", ""));
    let missing =
        "Error: Component \"cart\" not found in namespace \"default\": `occ component list` shows what there is\n";
    assert_eq!(plane.occ(&["component", "get", "cart"]).await, ran(3, "", missing));
    assert_eq!(plane.occ(&["component", "delete", "cart"]).await, ran(3, "", missing));
    plane.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_says_where_and_the_rest_goes_in() {
    let plane = Plane::start().await;
    plane.file(
        "all/one.yaml",
        "kind: Projetc\nmetadata: {name: a}\n---\nkind: Project\nmetadata:\n  name: good\n---\nkind: Project\nmetadata: {name: [\n",
    );
    plane.file(
        "all/below/two.yml",
        "kind: Environment\nmetadata:\n  name: development\nspec:\n  dataPlaneRef: {kind: DataPlane, name: default}\n  isProduction: maybe\n",
    );
    let ran = plane.occ(&["apply", "-f", "all"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (1, "project/good created\n"));
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!(lines.last(), Some(&"Applied 1 resource(s) from 2 file(s) with 3 error(s)"));
    assert!(
        lines.contains(&"Error: all/one.yaml:1:1: kind: unsupported kind \"Projetc\"; did you mean \"Project\"?"),
        "{lines:#?}"
    );
    let of_schema = lines.iter().find(|line| line.contains("isProduction")).expect("a field");
    assert!(
        of_schema.starts_with("Error: all/below/two.yml:6:3: environment/development: spec.isProduction: "),
        "{of_schema}"
    );
    plane.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_not_there_end_the_command_before_anything_is_sent() {
    let plane = Plane::start().await;
    let missing = plane.occ(&["apply", "-f", "ghost.yaml"]).await;
    assert_eq!(missing, ran(1, "", "Error: path ghost.yaml does not exist\n"));
    plane.end().await;
}

//! Deploying projects.

use crate::plane::{Plane, json};
use serde_json::json as value;

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_deployed_promoted_and_given_values() {
    let plane = Plane::start().await;
    plane.file("shop.yaml", "apiVersion: openchoreo.dev/v1alpha1\nkind: Project\nmetadata: {name: shop}\n");
    plane.apply_shipped(&["shop.yaml"]).await;
    let deploy = async |more: &[&str]| {
        let arguments: Vec<&str> = ["project", "deploy", "shop"].iter().chain(more).copied().collect();
        plane.occ(&arguments).await
    };
    let too_far = deploy(&["--to", "staging"]).await;
    assert_eq!((too_far.code, too_far.out.as_str()), (3, ""));
    assert!(
        too_far.err.starts_with("Error: no release binding found for source environment 'development'"),
        "{too_far:?}"
    );

    let deployed = deploy(&[]).await;
    assert_eq!((deployed.code, deployed.out.as_str()), (0, "projectreleasebinding/shop-development created\n"));
    assert!(!deployed.err.contains("Release:"), "the control plane chooses it: {deployed:?}");
    let early = deploy(&["--to", "staging"]).await;
    assert_eq!(early.code, 3);
    assert!(early.err.contains("nothing is released to source environment 'development' yet"), "{early:?}");

    let pinned = deploy(&["--release", "shop-1", "--set", "quota.pods=20", "--set", "spec.environmentConfigs.on=true"]);
    assert_eq!(pinned.await.out, "projectreleasebinding/shop-development configured\n");
    assert_eq!(deploy(&["--to", "staging"]).await.out, "projectreleasebinding/shop-staging created\n");
    let spec = async |name: &str| json(&plane.occ(&["prb", "get", name, "-o", "json"]).await.out)["spec"].clone();
    let expected = |environment: &str| value!({"owner": {"projectName": "shop"}, "environment": environment, "projectRelease": "shop-1"});
    let mut development = expected("development");
    development["environmentConfigs"] = value!({"quota": {"pods": 20}, "on": true});
    assert_eq!(spec("shop-development").await, development);
    assert_eq!(spec("shop-staging").await, expected("staging"));

    let nobody = plane.occ(&["project", "deploy", "shap"]).await;
    assert_eq!((nobody.code, nobody.out.as_str()), (3, ""));
    let nowhere = deploy(&["--to", "stagin"]).await;
    assert_eq!(nowhere.code, 3);
    assert!(nowhere.err.contains("did you mean \"staging\"?"), "{nowhere:?}");
    plane.end().await;
}

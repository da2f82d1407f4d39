use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, Config,
    api::ListParams,
    config::{KubeConfigOptions, Kubeconfig},
};
use kubelite::{Options, Server, User};
use serde_json::json;

use crate::support::raw;

async fn port() -> (Server, String) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let server = Server::open(Options::default()).await.unwrap();
    let serving = server.serve(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let url = format!("https://{}", serving.address());
    (server, url)
}

pub(crate) async fn client(server: &Server, url: &str, change: impl FnOnce(&mut Kubeconfig)) -> Client {
    let mut config = Kubeconfig::from_yaml(&server.authority().kubeconfig(url)).unwrap();
    change(&mut config);
    Client::try_from(Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap()).unwrap()
}

#[tokio::test]
async fn the_certificate_in_the_kubeconfig_is_the_administrators() {
    let (server, url) = port().await;
    let client = client(&server, &url, |_| {}).await;
    let names = Api::<Namespace>::all(client.clone()).list(&ListParams::default()).await.unwrap();
    assert_eq!(names.items.len(), 4);
    let (_, me) =
        raw(&client, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "application/json", &json!({})).await;
    assert_eq!(me["status"]["userInfo"]["username"], "kubelite-admin");
    server.shutdown().await;
}

#[tokio::test]
async fn strangers_see_health_and_version_only() {
    let (server, url) = port().await;
    let nobody =
        client(&server, &url, |config| config.auth_infos[0].auth_info = Some(kube::config::AuthInfo::default())).await;
    for (path, code) in
        [("/version", 200), ("/healthz", 200), ("/api/v1/namespaces", 401), ("/apis", 401), ("/openapi/v3", 401)]
    {
        assert_eq!(raw(&nobody, "GET", path, "application/json", &serde_json::Value::Null).await.0, code, "{path}");
    }
}

#[tokio::test]
async fn tokens_are_checked_and_users_without_rights_are_refused() {
    let (server, url) = port().await;
    server.add_token(
        "open-sesame",
        User { name: "ann".into(), groups: vec!["system:masters".into()], ..User::default() },
    );
    let with = |token: &str| kube::config::AuthInfo {
        token: Some(token.to_owned().into()),
        ..kube::config::AuthInfo::default()
    };
    for (token, code) in [("open-sesame", 200), ("wrong", 401)] {
        let client = client(&server, &url, |config| config.auth_infos[0].auth_info = Some(with(token))).await;
        assert_eq!(
            raw(&client, "GET", "/api/v1/namespaces", "application/json", &serde_json::Value::Null).await.0,
            code
        );
    }
    let admin = server.client();
    let accounts: Api<k8s_openapi::api::core::v1::ServiceAccount> = Api::namespaced(admin.clone(), "default");
    kube::runtime::wait::await_condition(
        accounts,
        "default",
        |account: Option<&k8s_openapi::api::core::v1::ServiceAccount>| account.is_some(),
    )
    .await
    .unwrap();
    let (code, request) = raw(
        &admin,
        "POST",
        "/api/v1/namespaces/default/serviceaccounts/default/token",
        "application/json",
        &json!({"spec": {}}),
    )
    .await;
    assert_eq!(code, 201, "{request}");
    let token = request["status"]["token"].as_str().unwrap();
    let client = client(&server, &url, |config| config.auth_infos[0].auth_info = Some(with(token))).await;
    let (code, refused) = raw(&client, "GET", "/api/v1/namespaces", "application/json", &serde_json::Value::Null).await;
    assert_eq!(code, 403);
    assert!(
        refused["message"].as_str().unwrap().contains("\"system:serviceaccount:default:default\" cannot list"),
        "{refused}"
    );
    let review = json!({"spec": {"token": token}});
    let (_, review) =
        raw(&admin, "POST", "/apis/authentication.k8s.io/v1/tokenreviews", "application/json", &review).await;
    assert_eq!(
        (&review["status"]["authenticated"], &review["status"]["user"]["username"]),
        (&json!(true), &json!("system:serviceaccount:default:default"))
    );
}

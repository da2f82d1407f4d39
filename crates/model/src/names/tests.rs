use proptest::prelude::*;

use super::*;

fn place<'a>(key: &'a str, property: &'a str) -> SecretPlace<'a> {
    SecretPlace { key, property, version: "" }
}

#[test]
fn names_are_those_that_v1_2_gave() {
    for (made, known) in [
        (runtime_namespace("default", "default", "development"), "dp-default-default-development-f8e58905"),
        (component_base("greeter-service", "development"), "greeter-service-development-a9f97fde"),
        (resource_base("db", "development"), "r-db-development-fd7f47f0"),
        (project_rendered_release("default", "development"), "p-default-development-fbb9df91"),
        (component_rendered_release("greeter-service", "development"), "greeter-service-development"),
        (binding("greeter-service", "development"), "greeter-service-development"),
        (workflow_namespace("default"), "workflows-default"),
        (network_policy("greeter-service"), "openchoreo-greeter-service"),
        (env_config_map("demo-app", "development"), "demo-app-development-env-configs-f73cecc8"),
        (
            env_secret("demo-app", "development", &[("DATABASE_PASSWORD", place("password", "value"))]),
            "demo-app-development-env-secrets-12429167",
        ),
        (
            env_secret("greeter-service", "development", &[("GITHUB_TOKEN", place("github-pat", ""))]),
            "greeter-service-development-env-secrets-89185774",
        ),
        (
            file_config_map("demo-app", "development", "application.toml"),
            "demo-app-development-config-application-toml-d0b41082",
        ),
        (
            file_secret("demo-app", "development", "gitPAT", place("github-pat", "value")),
            "demo-app-development-secret-gitpat-d6955759",
        ),
        (resource_dependency_volume("db", "secret", "db-creds"), "r-a3243279"),
        (resource_dependency_volume("db", "configmap", "db-config"), "r-02264abc"),
        (file_volume("/conf", "application.toml"), "file-mount-639ac00d"),
        (file_volume("/conf", "gitPAT"), "file-mount-9717d3d8"),
    ] {
        assert_eq!(made, known);
    }
}

#[test]
fn port_names_are_clean_short_and_unique() {
    let names = service_ports([
        ("HTTP_Api", 80),
        ("http-api", 81),
        ("***", 9000),
        ("a-very-long-endpoint-name", 1),
        ("a-very-long-endpoint-other", 2),
    ]);
    assert_eq!(names, ["http-api", "http-api-2", "port-9000", "a-very-long-end", "a-very-long-e-2"]);
}

#[test]
fn workflow_run_names_fit_into_a_label() {
    let name = workflow_run(&"c".repeat(80), "0123abcd");
    assert_eq!(name.len(), MAX_LABEL);
    assert!(name.ends_with("c-run-0123abcd"), "{name}");
}

proptest! {
    #[test]
    fn generated_names_are_valid_and_within_the_limit(parts in proptest::collection::vec("[ -~]{0,300}", 1..5), limit in 52_usize..253) {
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let name = generate(limit, &parts);
        prop_assert!(name.len() <= limit && name.len() >= 8);
        prop_assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.'));
        prop_assert!(name.starts_with(|c: char| c.is_ascii_alphanumeric()));
        prop_assert_eq!(&name, &generate(limit, &parts));
    }
}

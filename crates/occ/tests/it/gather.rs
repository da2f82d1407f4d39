//! What `check` and `render` take from files: which of several objects is meant, and what stands in for what is not there.

use crate::offline::{COMPONENT, told};
use crate::plane::Ran;

/// A type that shows what a component gets of others, and that has a service.
const OPEN: &str = "\
apiVersion: openchoreo.dev/v1alpha1
kind: ComponentType
metadata:
  name: open
spec:
  workloadType: deployment
  resources:
    - id: deployment
      template:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: \"${metadata.componentName}\", namespace: \"${metadata.namespace}\"}
        spec:
          env: ${dependencies.toContainerEnvs()}
          mounts: ${dependencies.toContainerVolumeMounts()}
          volumes: ${dependencies.toVolumes()}
          store: ${dataplane.secretStore}
          host: ${gateway.ingress.external.http.host}
          environment: ${metadata.environmentName}
    - id: service
      template:
        apiVersion: v1
        kind: Service
        metadata: {name: \"${metadata.componentName}\", namespace: \"${metadata.namespace}\"}
        spec: {ports: \"${workload.toServicePorts()}\"}
";

/// A component of the type `open` with a workload; `more` goes into the workload's spec.
fn component(name: &str, more: &str) -> String {
    COMPONENT
        .replace("cart", name)
        .replace("deployment/web\n  parameters:\n    level: high\n", "deployment/open\n")
        .replace("  container:\n", &format!("{more}  container:\n"))
}

fn environments() -> String {
    let environment = |name: &str| {
        format!("apiVersion: openchoreo.dev/v1alpha1\nkind: Environment\nmetadata: {{name: {name}}}\nspec: {{}}\n---\n")
    };
    format!(
        "{}{}apiVersion: openchoreo.dev/v1alpha1\nkind: DeploymentPipeline\nmetadata: {{name: ours}}\nspec:\n  promotionPaths:\n    - sourceEnvironmentRef: {{name: staging}}\n      targetEnvironmentRefs: [{{name: production}}]\n---\napiVersion: openchoreo.dev/v1alpha1\nkind: Project\nmetadata: {{name: shop}}\nspec: {{deploymentPipelineRef: {{name: ours}}}}\n",
        environment("production"),
        environment("staging"),
    )
}

fn render(files: &[&str], arguments: &[&str]) -> Ran {
    let names = ["a.yaml", "b.yaml", "c.yaml", "d.yaml", "e.yaml"];
    let files: Vec<(&str, &str)> = names.into_iter().zip(files.iter().copied()).collect();
    told(&files, &[&["render", "-f", "."], arguments].concat())
}

fn shown(files: &[&str], arguments: &[&str]) -> String {
    let ran = render(files, arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.out
}

#[test]
fn the_last_object_of_a_name_counts_and_the_namespace_is_part_of_it() {
    let other = OPEN.replace("${metadata.environmentName}", "another");
    assert!(shown(&[OPEN, &other, &component("cart", "")], &[]).contains("environment: another"));
    assert!(shown(&[&other, OPEN, &component("cart", "")], &[]).contains("environment: development"));

    let elsewhere = other.replace("  name: open\n", "  name: open\n  namespace: elsewhere\n");
    assert!(shown(&[OPEN, &elsewhere, &component("cart", "")], &[]).contains("environment: development"));
    let ran = render(&[&elsewhere, &component("cart", "")], &[]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("the ComponentType deployment/open is in none of the files"), "{}", ran.err);
    // Objects that name no namespace are in the one that the command line names.
    assert!(
        shown(&[&elsewhere, &component("cart", "")], &["--namespace", "elsewhere"]).contains("environment: another")
    );
}

#[test]
fn the_environment_is_the_one_asked_for_or_the_first_of_the_projects_pipeline() {
    let cart = component("cart", "");
    let files = [OPEN, &cart, &environments()];
    assert!(shown(&files, &[]).contains("environment: staging"));
    assert!(shown(&files, &["-e", "production"]).contains("environment: production"));
    let ran = render(&files, &["-e", "productoin"]);
    assert_eq!(ran.code, 3);
    assert_eq!(
        ran.err,
        "Error: environment \"productoin\" is not among the files for Component cart; there are: production, staging; \
         did you mean production?\n"
    );
    // Where the files know of none, any name will do.
    assert!(shown(&[OPEN, &cart], &["-e", "anywhere"]).contains("environment: anywhere"));
}

#[test]
fn of_two_workloads_neither_is_taken() {
    let second = component("cart", "")
        .replace("kind: Workload\nmetadata:\n  name: cart", "kind: Workload\nmetadata:\n  name: other");
    let ran = render(&[OPEN, &component("cart", ""), &second], &[]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("the component has 2 workloads (cart, other): keep one"), "{}", ran.err);
}

#[test]
fn what_is_not_there_has_something_in_its_place_that_says_so() {
    let needs = "  dependencies:
    endpoints:
      - {component: prices, name: http, visibility: project, envBindings: {address: PRICES}}
    resources:
      - ref: db
        envBindings: {host: DB_HOST}
        fileBindings: {ca: /run/ca.crt}
";
    let secret = "    env:\n      - {key: TOKEN, valueFrom: {secretKeyRef: {name: token, key: value}}}\n";
    let cart = component("cart", needs).replace("    image: cart:1\n", &format!("    image: cart:1\n{secret}"));
    let ran = render(&[OPEN, &cart], &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    insta::assert_snapshot!(format!("{}---\n{}", ran.err, ran.out.split("---\n").next().unwrap_or_default()));
}

const RESOURCE: &str = "\
apiVersion: openchoreo.dev/v1alpha1
kind: ClusterResourceType
metadata: {name: postgres}
spec:
  parameters:
    openAPIV3Schema: {type: object, properties: {port: {type: string, default: '5432'}}}
  environmentConfigs:
    openAPIV3Schema: {type: object, properties: {size: {type: string, default: small}}}
  outputs:
    - {name: port, value: \"${parameters.port}-${environmentConfigs.size}\"}
    - {name: host, value: \"${applied.claim.status.host}\"}
    - {name: password, secretKeyRef: {name: \"${metadata.name}-creds\", key: password}}
    - {name: conf, configMapKeyRef: {name: conf, key: pg.conf}}
  resources:
    - id: claim
      template: {apiVersion: example.com/v1, kind: Claim, metadata: {name: \"${metadata.name}\"}}
---
apiVersion: openchoreo.dev/v1alpha1
kind: Resource
metadata: {name: db}
spec:
  owner: {projectName: shop}
  type: {kind: ClusterResourceType, name: postgres}
---
apiVersion: openchoreo.dev/v1alpha1
kind: ResourceReleaseBinding
metadata: {name: db-development}
spec:
  owner: {projectName: shop, resourceName: db}
  environment: development
  resourceTypeEnvironmentConfigs: {size: large}
";

#[test]
fn components_and_resources_among_the_files_give_what_they_would() {
    let needs = "  dependencies:
    endpoints:
      - {component: prices, name: http, visibility: project, envBindings: {address: PRICES, port: PRICES_PORT}}
    resources:
      - ref: db
        envBindings: {port: DB_PORT, host: DB_HOST, password: DB_PASSWORD}
        fileBindings: {password: /run/password, conf: /etc/pg.conf}
";
    let ran = render(&[OPEN, &component("cart", needs), &component("prices", ""), RESOURCE], &["cart"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    insta::assert_snapshot!(format!("{}---\n{}", ran.err, ran.out.split("---\n").next().unwrap_or_default()));
}

#[test]
fn an_output_that_a_resource_does_not_have_or_that_fails_is_told() {
    let needs = "  dependencies:
    resources:
      - ref: db
        envBindings: {user: DB_USER}
        fileBindings: {port: /run/port}
      - {ref: queue, envBindings: {url: QUEUE}}
";
    let queue = RESOURCE
        .split("---\n")
        .nth(1)
        .unwrap_or_default()
        .replace("name: db", "name: queue")
        .replace("projectName: shop", "projectName: billing");
    let broken = RESOURCE.replace("${parameters.port}-", "${parameters.prot}-");
    let files = [("a.yaml", OPEN), ("b.yaml", &component("cart", needs)), ("c.yaml", &broken), ("d.yaml", &queue)];
    let ran = told(&files, &["check", "."]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""));
    insta::assert_snapshot!(ran.out);
}

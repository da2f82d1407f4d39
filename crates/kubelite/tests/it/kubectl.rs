use std::process::{Command, Stdio};

use kubelite::{Options, Server};

/// Commands and what they print; `~` stands for anything.
const SESSION: &[(&str, &str)] = &[
    ("apply -f web.yaml", "deployment.apps/web created\nservice/web created\n"),
    ("get deployments", "NAME   READY   UP-TO-DATE   AVAILABLE   AGE\nweb    0/2     0            0           ~\n"),
    ("get service web -o jsonpath={.spec.ports[0].targetPort}", "80"),
    ("apply -f web.yaml", "deployment.apps/web unchanged\nservice/web unchanged\n"),
    (
        "apply --server-side --force-conflicts -f web.yaml",
        "deployment.apps/web serverside-applied\nservice/web serverside-applied\n",
    ),
    ("scale deployment web --replicas=5", "deployment.apps/web scaled\n"),
    ("get deployment web -o jsonpath={.spec.replicas}", "5"),
    ("label deployment web tier=front", "deployment.apps/web labeled\n"),
    ("get deployments -l tier=front -o name", "deployment.apps/web\n"),
    ("annotate deployment web note=x", "deployment.apps/web annotated\n"),
    ("set image deployment/web c=nginx:9", "deployment.apps/web image updated\n"),
    ("get deployment web -o jsonpath={.spec.template.spec.containers[0].image}", "nginx:9"),
    (
        "patch service web --type=json -p [{\"op\":\"replace\",\"path\":\"/spec/ports/0/port\",\"value\":81}]",
        "service/web patched\n",
    ),
    (
        "explain deployment.spec.replicas",
        "GROUP:      apps\nKIND:       Deployment\nVERSION:    v1\n\nFIELD: replicas <integer>\n~",
    ),
    (
        "api-resources --api-group=apps -o name",
        "controllerrevisions.apps\ndaemonsets.apps\ndeployments.apps\nreplicasets.apps\nstatefulsets.apps\n",
    ),
    ("describe deployment web", "Name:                   web\nNamespace:              default\n~"),
    (
        "apply -f bad.yaml",
        "!Error from server (BadRequest): error when creating \"bad.yaml\": strict decoding error: unknown field \"dataa\"\n",
    ),
    ("get pods nothing", "!Error from server (NotFound): pods \"nothing\" not found\n"),
    ("apply -f space.yaml", "namespace/team created\n"),
    ("delete namespace team", "namespace \"team\" deleted\n"),
    ("delete -f web.yaml", "deployment.apps \"web\" deleted\nservice \"web\" deleted\n"),
    ("get all", "!No resources found in default namespace.\n"),
];

const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: 'nginx:1'}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
";

/// Whether the output is what is expected.
fn fits(expected: &str, actual: &str) -> bool {
    let mut rest = actual;
    let mut parts = expected.split('~');
    let Some(tail) = parts.next().and_then(|first| rest.strip_prefix(first)) else { return false };
    rest = tail;
    let mut open = false;
    for part in parts {
        open = part.is_empty();
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    open || rest.is_empty()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_works_with_it() {
    if Command::new("kubectl")
        .arg("version")
        .arg("--client")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_err()
    {
        eprintln!("skipped: kubectl is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::open(Options::default()).await.unwrap();
    let serving = server.serve(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let config = folder.path().join("kubeconfig");
    server.authority().write_kubeconfig(&config, &format!("https://{}", serving.address())).unwrap();
    for (name, text) in [
        ("web.yaml", WEB),
        ("bad.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\ndataa: {}\n"),
        ("space.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n"),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    for (command, expected) in SESSION {
        let (folder, config) = (folder.path().to_owned(), config.clone());
        let output = tokio::task::spawn_blocking(move || {
            Command::new("kubectl")
                .args(command.split(' '))
                .current_dir(&folder)
                .env("KUBECONFIG", &config)
                .env("HOME", &folder)
                .output()
                .unwrap()
        })
        .await
        .unwrap();
        let (wanted, actual) = match expected.strip_prefix('!') {
            Some(wanted) => (wanted, String::from_utf8(output.stderr.clone()).unwrap()),
            None => (*expected, String::from_utf8(output.stdout.clone()).unwrap()),
        };
        assert!(
            fits(wanted, &actual),
            "kubectl {command}\nexpected:\n{wanted}\ngot:\n{actual}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    server.shutdown().await;
}

//! Wrong YAML documents through the command line: the good ones beside them go in.

use crate::command_line::CommandLine;
use crate::server::{possible, shared};

const TEXT: &str = "\
apiVersion: openchoreo.dev/v1alpha1
kind: Project
metadata: {name: documents, namespace: default}
spec:
  deploymentPipelineRef: {name: default}
  type: {kind: ClusterProjectType, name: default}
---
apiVersion: openchoreo.dev/v1alpha1
kind: Component
metadata: {name: wrong, namespace: default}
spec:
  owner: {projectName: documents}
  autoDeploy: 7
  componentType: {kind: ClusterComponentType, name: deployment/service}
---
kind: [unclosed
---
apiVersion: openchoreo.dev/v1alpha1
kind: Component
metadata: {name: fine, namespace: default}
spec:
  owner: {projectName: documents}
  componentType: {kind: ClusterComponentType, name: deployment/service}
";

#[tokio::test(flavor = "multi_thread")]
async fn wrong_documents_are_told_with_their_line_and_the_others_go_in() {
    if !possible() {
        return;
    }
    let server = shared();
    let Some(occ) = CommandLine::of(&server) else { return };
    let file = server.place.path("documents.yaml");
    std::fs::write(&file, TEXT).expect("written");
    let name = file.display().to_string();
    let applied = occ.run(&["apply", "-f", &name]);
    let errors = String::from_utf8(applied.stderr).expect("text");
    let done = String::from_utf8(applied.stdout).expect("text");
    assert_eq!(applied.status.code(), Some(1), "{errors}");
    let wrong_type = format!("{name}:13:3: component/wrong: spec.autoDeploy: ");
    assert!(errors.contains(&wrong_type) && errors.contains("must be of type boolean"), "{errors}");
    assert!(errors.contains(&format!("{name}:16:7: not YAML: ")), "{errors}");
    assert_eq!(done, "project/documents created\ncomponent/fine created\n", "{errors}");

    let listed = occ.run(&["component", "list", "-p", "documents", "-o", "json"]);
    let listed = String::from_utf8(listed.stdout).expect("text");
    assert!(listed.contains("\"fine\"") && !listed.contains("\"wrong\""), "{listed}");
    for (noun, name) in [("component", "fine"), ("project", "documents")] {
        let deleted = occ.run(&[noun, "delete", name]);
        assert!(deleted.status.success(), "{deleted:?}");
        let gone = occ.run(&["wait", &format!("{noun}/{name}"), "--for=delete"]);
        assert!(gone.status.success(), "{gone:?}");
    }
}

use compiler::Compiler;

use crate::sample::Sample;

#[test]
fn every_field_says_where_it_came_from() {
    let (rendered, origins) = Sample::new().compile_with_origins(&Compiler::new()).unwrap();
    let notes: String = rendered
        .resources
        .iter()
        .enumerate()
        .map(|(at, resource)| format!("{}\n{}\n", resource.object["kind"], origins.annotated(at, &resource.object)))
        .collect();
    insta::assert_snapshot!(notes);
}

#[test]
fn one_sentence_explains_a_field() {
    let (rendered, origins) = Sample::new().compile_with_origins(&Compiler::new()).unwrap();
    let explain = |at: usize, path: &str| origins.explain(at, &rendered.resources[at].object, path).map(|e| e.sentence);
    insta::assert_snapshot!(
        [
            explain(0, "data.level"),
            explain(1, "spec.replicas"),
            explain(1, "spec.template.spec.volumes[0].name"),
            explain(1, "spec.template.spec.containers[0].tty"),
            explain(1, r#"spec.template.metadata.annotations["openchoreo.dev/dp-resource-hash"]"#),
            explain(2, "spec.size"),
        ]
        .map(|sentence| sentence.unwrap_or_else(|| "nothing".to_owned()))
        .join("\n")
    );
    assert_eq!(explain(0, "data.none"), None);
    assert_eq!(explain(0, "..["), None);
}

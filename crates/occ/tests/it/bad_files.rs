//! Files that are too large, too long, or no text: told by place, and what is good in them goes in.

use crate::plane::{Plane, Ran};

fn project(name: &str, more: &str) -> String {
    format!("apiVersion: openchoreo.dev/v1alpha1\nkind: Project\nmetadata:\n  name: {name}\n{more}---\n")
}

async fn names(plane: &Plane) -> Vec<String> {
    let listed: Ran = plane.occ(&["project", "list", "-o", "name"]).await;
    listed.out.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_no_text_is_told_by_its_place_and_the_others_go_in() {
    let plane = Plane::start().await;
    let mut bytes = project("before", "").into_bytes();
    bytes.extend_from_slice(&project("broken", "  annotations: {note: a@b}\n").into_bytes());
    bytes.extend_from_slice(project("after", "").as_bytes());
    let at = bytes.iter().position(|byte| *byte == b'@').expect("the mark");
    bytes[at] = 0xff;
    std::fs::write(plane.folder().join("mixed.yaml"), &bytes).expect("written");
    let applied = plane.occ(&["apply", "-f", "mixed.yaml"]).await;
    assert_eq!(
        applied,
        Ran {
            code: 1,
            out: "project/before created\nproject/after created\n".into(),
            err: "Error: mixed.yaml:10:24: not UTF-8: the byte 0xff; save the file as UTF-8\n\
                  Applied 2 resource(s) from 1 file(s) with 1 error(s)\n"
                .into(),
        }
    );
    assert_eq!(names(&plane).await, ["project/after", "project/before"]);
    plane.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_of_two_megabytes_is_refused_by_name_and_the_one_beside_it_goes_in() {
    let plane = Plane::start().await;
    for (name, size) in [("large", 1_800_000), ("larger", 2_200_000)] {
        let annotation = format!("  annotations:\n    note: {}\n", "x".repeat(size));
        let text = format!("{}{}", project(name, &annotation), project(&format!("beside-{name}"), ""));
        plane.file(&format!("{name}.yaml"), &text);
        let applied = plane.occ(&["apply", "-f", &format!("{name}.yaml")]).await;
        assert_eq!((applied.code, applied.out), (1, format!("project/beside-{name} created\n")), "{}", applied.err);
        let first = applied.err.lines().next().unwrap_or_default();
        let place = format!("Error: {name}.yaml:");
        assert!(first.starts_with(&place) && first.contains(&format!("project/{name}")), "{first}");
        assert!(first.contains("larg") && first.contains("bytes"), "{first}");
    }
    assert_eq!(names(&plane).await, ["project/beside-large", "project/beside-larger"]);
    plane.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_documents_in_one_file_go_in_and_each_wrong_one_is_told() {
    let plane = Plane::start().await;
    let text: String = (0..1000)
        .map(|number| match number % 250 {
            249 => format!("kind: Projekt\nmetadata:\n  name: p{number:03}\n---\n"),
            _ => project(&format!("p{number:03}"), ""),
        })
        .collect();
    plane.file("many.yaml", &text);
    let applied = plane.occ(&["apply", "-f", "many.yaml"]).await;
    assert_eq!((applied.code, applied.out.lines().count()), (1, 996), "{}", applied.err);
    let errors: Vec<&str> = applied.err.lines().collect();
    assert_eq!(errors.len(), 5, "{errors:?}");
    assert!(errors[0].starts_with("Error: many.yaml:1246:1: kind: unsupported kind \"Projekt\""), "{}", errors[0]);
    assert_eq!(errors[4], "Applied 996 resource(s) from 1 file(s) with 4 error(s)");
    let again = plane.occ(&["apply", "-f", "many.yaml"]).await;
    assert!(again.out.lines().all(|line| line.ends_with(" unchanged")), "{}", again.out);
    plane.end().await;
}

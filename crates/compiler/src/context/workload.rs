//! The variable `workload`.

use cel::Value;

use super::{Object, texts};
use crate::input::{Workload, WorkloadEndpoint};

pub(crate) fn workload(w: &Workload) -> Value {
    let some = |items: &[String]| (!items.is_empty()).then(|| texts(items));
    let container = Object::default()
        .with_some(key!("args"), some(&w.container.args))
        .with_some(key!("command"), some(&w.container.command))
        .with_text(key!("image"), &w.container.image)
        .build();
    let endpoints = Value::map(w.endpoints.iter().map(|(name, e)| (name.as_str(), endpoint(e))));
    Object::default().with(key!("container"), container).with(key!("endpoints"), endpoints).build()
}

fn endpoint(e: &WorkloadEndpoint) -> Value {
    let mut visibility: Vec<&str> = vec!["project"];
    for scope in &e.visibility {
        if !visibility.contains(&scope.as_str()) {
            visibility.push(scope);
        }
    }
    Object::default()
        .with_text(key!("basePath"), &e.base_path)
        .with_text(key!("displayName"), &e.display_name)
        .with(key!("port"), f64::from(e.port))
        .with(key!("targetPort"), f64::from(if e.target_port == 0 { e.port } else { e.target_port }))
        .with(key!("type"), e.kind.as_str())
        .with(key!("visibility"), Value::list(visibility.into_iter().map(Value::from).collect::<Vec<_>>()))
        .build()
}

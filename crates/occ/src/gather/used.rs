//! A component and what it is made of.

use super::{Object, Objects};
use serde_json::Value;

/// A component with its type, its traits and its workload.
pub(crate) struct Used<'o, 's> {
    pub(crate) object: &'o Object<'s>,
    pub(crate) component: model::Component,
    pub(crate) kind: &'o Object<'s>,
    /// Those of the type, then its own; each once.
    pub(crate) traits: Vec<&'o Object<'s>>,
    pub(crate) workload_object: &'o Object<'s>,
    pub(crate) workload: model::Workload,
}

/// Why a component cannot be looked at as a whole.
pub(crate) enum Lack<'o, 's> {
    /// Something that it names is not among the files.
    Absent {
        /// The field of the component that names it.
        path: String,
        /// Kind and name, as in `the Trait storage`.
        what: String,
    },
    /// Something that it needs cannot be meant.
    Wrong { path: String, text: String },
    /// Something that it uses does not fit the schema of its kind.
    Unfit(&'o Object<'s>),
}

impl<'o, 's> Used<'o, 's> {
    /// What a component uses, or all that keeps it from being looked at.
    pub(crate) fn find(objects: &'o Objects<'s>, object: &'o Object<'s>) -> Result<Self, Vec<Lack<'o, 's>>> {
        let Some(component) = object.read::<model::Component>() else { return Err(vec![Lack::Unfit(object)]) };
        let mut lacks = Vec::new();
        let kind = of_type(objects, object, &component).map_err(|lack| lacks.push(lack)).ok();
        let workload_object = workload(objects, object, &component).map_err(|lack| lacks.push(lack)).ok();
        let traits = traits(objects, object, kind, &mut lacks);
        let used = kind.into_iter().chain(workload_object).chain(traits.iter().copied());
        lacks.extend(used.filter(|used| !used.fits()).map(Lack::Unfit));
        let workload = workload_object.and_then(Object::read);
        match (kind, workload_object, workload) {
            (Some(kind), Some(workload_object), Some(workload)) if lacks.is_empty() => {
                Ok(Self { object, component, kind, traits, workload_object, workload })
            }
            _ => Err(lacks),
        }
    }

    pub(crate) fn project(&self) -> &str {
        &self.component.spec.owner.project_name
    }
}

fn of_type<'o, 's>(
    objects: &'o Objects<'s>,
    object: &Object<'_>,
    component: &model::Component,
) -> Result<&'o Object<'s>, Lack<'o, 's>> {
    const PATH: &str = "spec.componentType";
    let reference = &component.spec.component_type;
    let Some((workload_type, name)) = reference.split() else {
        let text = format!("{:?} is not of the form workloadType/name, such as deployment/service", reference.name);
        return Err(Lack::Wrong { path: format!("{PATH}.name"), text });
    };
    let kind = reference.kind.as_str();
    let Some(found) = objects.find(kind, name, object.namespace()) else {
        return Err(Lack::Absent { path: PATH.to_owned(), what: format!("the {kind} {}", reference.name) });
    };
    match found.spec()["workloadType"].as_str() {
        Some(other) if other != workload_type => {
            let text = format!("the {kind} {name} makes a {other}, not a {workload_type}: say {other}/{name}");
            Err(Lack::Wrong { path: format!("{PATH}.name"), text })
        }
        _ => Ok(found),
    }
}

fn workload<'o, 's>(
    objects: &'o Objects<'s>,
    object: &Object<'_>,
    component: &model::Component,
) -> Result<&'o Object<'s>, Lack<'o, 's>> {
    let project = &component.spec.owner.project_name;
    let path = || "metadata.name".to_owned();
    let mut found =
        objects.here("Workload", object.namespace()).filter(|found| found.is_of_component(project, object.name()));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (Some(first), Some(second)) => {
            let mut names = vec![first.name(), second.name()];
            names.extend(found.map(Object::name));
            let text = format!("the component has {} workloads ({}): keep one", names.len(), names.join(", "));
            Err(Lack::Wrong { path: path(), text })
        }
        (None, _) => Err(Lack::Absent { path: path(), what: "a Workload".to_owned() }),
    }
}

/// The traits of the type, then the component's own, as far as they are there.
fn traits<'o, 's>(
    objects: &'o Objects<'s>,
    object: &Object<'_>,
    kind: Option<&Object<'_>>,
    lacks: &mut Vec<Lack<'_, '_>>,
) -> Vec<&'o Object<'s>> {
    let listed = |object: Option<&Object<'_>>| {
        object.and_then(|object| object.spec()["traits"].as_array().cloned()).unwrap_or_default()
    };
    let of_type = listed(kind).into_iter().map(|used| ("spec.componentType".to_owned(), used));
    let own = listed(Some(object)).into_iter().enumerate().map(|(at, used)| (format!("spec.traits[{at}]"), used));
    let mut traits: Vec<&Object<'_>> = Vec::new();
    for (path, used) in of_type.chain(own) {
        match find_trait(objects, object.namespace(), &used) {
            Some(found) if traits.iter().any(|known| std::ptr::eq(*known, found)) => {}
            Some(found) => traits.push(found),
            None => lacks.push(Lack::Absent { path, what: reference(&used) }),
        }
    }
    traits
}

fn trait_kind(used: &Value) -> &str {
    used["kind"].as_str().filter(|kind| !kind.is_empty()).unwrap_or("Trait")
}

/// Kind and name of what a trait's use refers to.
pub(crate) fn reference(used: &Value) -> String {
    format!("the {} {}", trait_kind(used), used["name"].as_str().unwrap_or_default())
}

/// The trait that a type or a component uses.
pub(crate) fn find_trait<'o, 's>(objects: &'o Objects<'s>, namespace: &str, used: &Value) -> Option<&'o Object<'s>> {
    objects.find(trait_kind(used), used["name"].as_str()?, namespace)
}

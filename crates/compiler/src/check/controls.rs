//! Conditions and loops: what must come out true or false, and what must have items.

use cel::Type;

use super::Checked;
use super::expressions::{expressions, output_type, problem};
use crate::problem::{Code, Place};
use crate::program::Loop;
use crate::template::Template;

/// Something that must come out true or false.
pub(super) fn condition(template: Option<&Template>, place: &Place, checked: &mut Checked) {
    let Some(template) = template else { return };
    expressions(template, place, checked);
    let Template::Whole(expression) = template else {
        checked.add(Code::Type, place, "a condition must be one expression in ${…}");
        return;
    };
    if let Some(ty) = output_type(expression)
        && ty != Type::Bool
        && !ty.is_dyn()
    {
        let message = format!("a condition must be true or false, this is {ty}");
        problem(Code::Type, place, expression, None, message, checked);
    }
}

/// Something that must have items.
pub(super) fn loops(for_each: Option<&Loop>, place: &Place, checked: &mut Checked) {
    let Some(for_each) = for_each else { return };
    expressions(&for_each.items, place, checked);
    let Template::Whole(expression) = &for_each.items else {
        checked.add(Code::Type, place, "forEach must be one expression in ${…}");
        return;
    };
    if let Some(ty) = output_type(expression)
        && !matches!(ty, Type::List(_) | Type::Map(_) | Type::Object(_))
        && !ty.is_dyn()
    {
        let message = format!("forEach must be a list or a map, this is {ty}");
        problem(Code::Type, place, expression, None, message, checked);
    }
}

/// The type of a loop's items.
pub(crate) fn item_type(items: &Template) -> Type {
    let entry = |value| Type::object("entry", [("key".to_owned(), Type::String), ("value".to_owned(), value)]);
    let Template::Whole(expression) = items else { return Type::Dyn };
    match output_type(expression) {
        Some(Type::List(item)) => (*item).clone(),
        Some(Type::Map(kv)) => entry(kv.1.clone()),
        Some(Type::Object(_)) => entry(Type::Dyn),
        _ => Type::Dyn,
    }
}

//! Named string formats: `format.dns1123Label().validate(name)`.

use base64::Engine as _;

use crate::env::Library;
use crate::error::EvalError;
use crate::function::{Function, Overload};
use crate::libraries::kubernetes::url;
use crate::ty::Type;
use crate::value::{Opaque, Timestamp, Value, downcast};

const NAME: &str = "kubernetes.NamedFormat";

/// What is wrong with a text; empty when nothing is.
type Check = fn(&str) -> Vec<String>;

struct Format {
    name: &'static str,
    check: Check,
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "format.{}()", self.name)
    }
}

impl Opaque for Format {
    fn type_name(&self) -> &str {
        NAME
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        downcast::<Format>(other).is_some_and(|other| other.name == self.name)
    }
}

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const NAME_PART: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

fn too_long(text: &str, limit: usize) -> Option<String> {
    (text.len() > limit).then(|| format!("must be no more than {limit} characters"))
}

fn is_label(text: &str) -> bool {
    bounded(text, |b| b.is_ascii_lowercase() || b.is_ascii_digit(), |b| b == b'-')
}

/// Ends are of one kind of octet, what lies between may also be of another.
fn bounded(text: &str, end: fn(u8) -> bool, inner: fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|b| end(*b))
        && bytes.last().is_some_and(|b| end(*b))
        && bytes.iter().all(|b| end(*b) || inner(*b))
}

fn problems(text: &str, limit: usize, valid: bool, message: &str) -> Vec<String> {
    too_long(text, limit).into_iter().chain((!valid).then(|| message.to_owned())).collect()
}

fn label(text: &str) -> Vec<String> {
    problems(text, 63, is_label(text), LABEL)
}

fn subdomain(text: &str) -> Vec<String> {
    problems(text, 253, text.split('.').all(is_label), SUBDOMAIN)
}

fn label_1035(text: &str) -> Vec<String> {
    let valid = is_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase());
    problems(text, 63, valid, LABEL_1035)
}

fn word(text: &str) -> bool {
    bounded(text, |b| b.is_ascii_alphanumeric(), |b| b"-_.".contains(&b))
}

fn qualified_name(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let name = match text.split_once('/') {
        None => text,
        Some((_, name)) if name.contains('/') => {
            return vec!["a qualified name must consist of alphanumeric characters, '-', '_' or '.', with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')".to_owned()];
        }
        Some((prefix, name)) => {
            if prefix.is_empty() {
                found.push("prefix part must be non-empty".to_owned());
            } else {
                found.extend(subdomain(prefix).into_iter().map(|problem| format!("prefix part {problem}")));
            }
            name
        }
    };
    if name.is_empty() {
        found.push("name part must be non-empty".to_owned());
    }
    found.extend(too_long(name, 63).map(|problem| format!("name part {problem}")));
    if !word(name) {
        found.push(NAME_PART.to_owned());
    }
    found
}

fn label_value(text: &str) -> Vec<String> {
    problems(text, 63, text.is_empty() || word(text), LABEL_VALUE)
}

/// A prefix of a generated name may end in a dash.
fn prefix(text: &str) -> String {
    text.strip_suffix('-').map_or_else(|| text.to_owned(), |head| format!("{head}a"))
}

fn uuid(text: &str) -> Vec<String> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]);
    let plain = groups.len() == 1 && text.len() == 32;
    let valid = (lengths || plain) && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    if valid { Vec::new() } else { vec!["does not match the UUID format".to_owned()] }
}

fn byte(text: &str) -> Vec<String> {
    let decoded = base64::engine::general_purpose::STANDARD.decode(text);
    if decoded.is_ok() { Vec::new() } else { vec!["invalid base64".to_owned()] }
}

fn date(text: &str) -> Vec<String> {
    let valid = text.len() == 10 && Timestamp::parse(&format!("{text}T00:00:00Z")).is_some();
    if valid { Vec::new() } else { vec!["invalid date".to_owned()] }
}

fn date_time(text: &str) -> Vec<String> {
    if Timestamp::parse(text).is_some() { Vec::new() } else { vec!["invalid datetime".to_owned()] }
}

fn uri(text: &str) -> Vec<String> {
    if url::valid(text) { Vec::new() } else { vec![format!("parse \"{text}\": invalid URI for request")] }
}

const FORMATS: [(&str, Check); 13] = [
    ("dns1123Label", label),
    ("dns1123Subdomain", subdomain),
    ("dns1035Label", label_1035),
    ("qualifiedName", qualified_name),
    ("dns1123LabelPrefix", |text| label(&prefix(text))),
    ("dns1123SubdomainPrefix", |text| subdomain(&prefix(text))),
    ("dns1035LabelPrefix", |text| label_1035(&prefix(text))),
    ("labelValue", label_value),
    ("uri", uri),
    ("uuid", uuid),
    ("byte", byte),
    ("date", date),
    ("datetime", date_time),
];

fn named(name: &str) -> Option<Value> {
    let (name, check) = FORMATS.iter().find(|(known, _)| *known == name)?;
    Some(Value::opaque(Format { name, check: *check }))
}

/// `format.dns1123Label()` and the others, `format.named(name)` and `validate(text)`, which gives the problems found
/// or `optional.none()`.
pub fn formats() -> Library {
    let f = Type::opaque(NAME);
    let mut functions: Vec<Function> = FORMATS
        .iter()
        .map(|(name, _)| {
            let id = format!("format_{name}");
            let name = *name;
            Function::new(&format!("format.{name}")).overload(Overload::global(&id, [], f.clone(), move |_| {
                named(name).ok_or_else(EvalError::no_such_overload)
            }))
        })
        .collect();
    functions.push(Function::new("format.named").overload(Overload::global(
        "format_named",
        [Type::String],
        Type::optional(f.clone()),
        |args| {
            let name = args.first().and_then(Value::as_str).ok_or_else(EvalError::no_such_overload)?;
            Ok(named(name).map_or(Value::NONE, Value::some))
        },
    )));
    functions.push(Function::new("validate").overload(Overload::member(
        "format_validate",
        [f.clone(), Type::String],
        Type::optional(Type::list(Type::String)),
        |args| {
            let [format, Value::String(text)] = args else { return Err(EvalError::no_such_overload()) };
            let format: &Format = format.downcast().ok_or_else(EvalError::no_such_overload)?;
            let found = (format.check)(text);
            if found.is_empty() {
                return Ok(Value::NONE);
            }
            Ok(Value::some(Value::from(found.into_iter().map(Value::from).collect::<Vec<_>>())))
        },
    )));
    Library { functions, types: vec![(NAME, f)], ..Library::default() }
}

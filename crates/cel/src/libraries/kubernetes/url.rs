//! URLs: absolute ones (`https://host/path`) and absolute paths (`/path?query`).

use std::fmt::Write as _;
use std::sync::Arc;

use crate::env::Library;
use crate::error::EvalError;
use crate::function::{Function, Overload};
use crate::ty::Type;
use crate::value::{Key, MapBuilder, Opaque, Value, downcast};

const NAME: &str = "kubernetes.URL";

#[derive(Clone, Debug, PartialEq, Eq)]
struct Url {
    scheme: String,
    host: String,
    path: String,
    query: String,
}

impl Opaque for Url {
    fn type_name(&self) -> &str {
        NAME
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        downcast::<Url>(other) == Some(self)
    }
}

impl Url {
    fn parse(text: &str) -> Option<Self> {
        if text.bytes().any(|b| b < 0x20 || b == 0x7f) {
            return None;
        }
        let (rest, query) = text.split_once('?').unwrap_or((text, ""));
        if rest.starts_with('/') && !rest.starts_with("//") {
            percent_decode(rest)?;
            return Some(Self {
                scheme: String::new(),
                host: String::new(),
                path: escape_path(rest),
                query: query.into(),
            });
        }
        let (scheme, rest) = rest.split_once(':')?;
        let mut letters = scheme.bytes();
        let valid = letters.next().is_some_and(|b| b.is_ascii_alphabetic())
            && letters.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        if !valid {
            return None;
        }
        let rest = rest.strip_prefix("//")?;
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        if !valid_host(host) {
            return None;
        }
        percent_decode(path)?;
        Some(Self {
            scheme: scheme.to_ascii_lowercase(),
            host: host.to_owned(),
            path: escape_path(path),
            query: query.into(),
        })
    }

    fn split_host(&self) -> (&str, &str) {
        if let Some(inner) = self.host.strip_prefix('[') {
            let (name, rest) = inner.split_once(']').unwrap_or((inner, ""));
            return (name, rest.strip_prefix(':').unwrap_or(""));
        }
        self.host.rsplit_once(':').unwrap_or((&self.host, ""))
    }

    fn parameters(&self) -> Value {
        let mut found: Vec<(String, Vec<Value>)> = Vec::new();
        for pair in self.query.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';')) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text: &str| percent_decode(&text.replace('+', " "));
            let (Some(name), Some(value)) = (decode(name), decode(value)) else { continue };
            match found.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => values.push(Value::from(value)),
                None => found.push((name, vec![Value::from(value)])),
            }
        }
        let mut map = MapBuilder::with_capacity(found.len());
        for (name, values) in found {
            map.insert(Key::from(name), Value::from(values));
        }
        Value::Map(Arc::new(map.build()))
    }
}

fn valid_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[') {
        return inner.split_once(']').is_some_and(|(_, rest)| rest.is_empty() || valid_port(rest));
    }
    if host.contains([' ', '<', '>', '"', '\\', '^', '`', '{', '}', '|', '[', ']']) {
        return false;
    }
    host.find(':').is_none_or(|at| host.get(at..).is_some_and(valid_port))
}

fn valid_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |b: Option<u8>| char::from(b?).to_digit(16);
            let code = digit(rest.next())? * 16 + digit(rest.next())?;
            bytes.push(code as u8);
        } else {
            bytes.push(byte);
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn escape_path(path: &str) -> String {
    path.bytes().fold(String::with_capacity(path.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@%!'()*".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

fn url(args: &[Value]) -> Result<&Url, EvalError> {
    args.first().and_then(Value::downcast).ok_or_else(EvalError::no_such_overload)
}

/// `url`, `isURL`, `getScheme`, `getHost`, `getHostname`, `getPort`, `getEscapedPath` and `getQuery`.
pub fn urls() -> Library {
    let u = Type::opaque(NAME);
    let getter = |name: &str, read: fn(&Url) -> &str| {
        let id = format!("url_{name}");
        Function::new(name).overload(Overload::member(&id, [u.clone()], Type::String, move |args| {
            url(args).map(|url| Value::from(read(url)))
        }))
    };
    let from_text = |name: &str, id: &str, result: Type, make: fn(&str) -> Result<Value, EvalError>| {
        Function::new(name).overload(Overload::global(id, [Type::String], result, move |args| {
            make(args.first().and_then(Value::as_str).ok_or_else(EvalError::no_such_overload)?)
        }))
    };
    let functions = vec![
        from_text("url", "string_to_url", u.clone(), |text| {
            Url::parse(text).map(Value::opaque).ok_or_else(|| {
                EvalError::invalid(format!(
                    "URL parse error during conversion from string: parse \"{text}\": invalid URI for request"
                ))
            })
        }),
        from_text("isURL", "is_url_string", Type::Bool, |text| Ok(Value::Bool(Url::parse(text).is_some()))),
        getter("getScheme", |url| &url.scheme),
        getter("getHost", |url| &url.host),
        getter("getHostname", |url| url.split_host().0),
        getter("getPort", |url| url.split_host().1),
        getter("getEscapedPath", |url| &url.path),
        Function::new("getQuery").overload(Overload::member(
            "url_get_query",
            [u.clone()],
            Type::map(Type::String, Type::list(Type::String)),
            |args| url(args).map(Url::parameters),
        )),
    ];
    Library { functions, types: vec![(NAME, u)], ..Library::default() }
}

/// Whether a text is such a URL.
pub(super) fn valid(text: &str) -> bool {
    Url::parse(text).is_some()
}

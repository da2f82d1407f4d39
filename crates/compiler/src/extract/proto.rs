//! Services of one protobuf file.

use std::collections::BTreeSet;

use super::Route;

/// Messages nested deeper than this are not read; the file has no routes then.
const DEPTH: usize = 64;

/// One route per method, or `None` where the file does not parse, imports another file, or names an unknown message.
pub(super) fn routes(content: &str) -> Option<Vec<Route>> {
    let mut file = File {
        tokens: tokens(content)?,
        at: 0,
        package: String::new(),
        messages: BTreeSet::new(),
        methods: Vec::new(),
    };
    file.read()?;
    let File { package, messages, methods, .. } = file;
    methods
        .into_iter()
        .map(|method| {
            let known = |name: &str| {
                let name = name.trim_start_matches('.');
                name.starts_with("google.protobuf.")
                    || messages.contains(name)
                    || messages.contains(&qualified(&package, name))
            };
            (known(&method.request) && known(&method.response)).then(|| Route {
                kind: "gRPC",
                service: qualified(&package, &method.service),
                path: String::new(),
                method: method.name,
            })
        })
        .collect()
}

fn qualified(package: &str, name: &str) -> String {
    if package.is_empty() { name.to_owned() } else { format!("{package}.{name}") }
}

struct Method {
    service: String,
    name: String,
    request: String,
    response: String,
}

struct File {
    tokens: Vec<String>,
    at: usize,
    package: String,
    messages: BTreeSet<String>,
    methods: Vec<Method>,
}

impl File {
    fn read(&mut self) -> Option<()> {
        while let Some(word) = self.next() {
            match word.as_str() {
                ";" => {}
                "syntax" | "option" | "edition" => self.skip_statement()?,
                "package" => {
                    self.package = self.next()?;
                    self.expect(";")?;
                }
                "import" => {
                    let mut path = self.next()?;
                    if path == "public" || path == "weak" {
                        path = self.next()?;
                    }
                    if !path.trim_matches(['"', '\'']).starts_with("google/protobuf/") {
                        return None;
                    }
                    self.expect(";")?;
                }
                "message" => {
                    let name = self.next()?;
                    self.message(&name, 0)?;
                }
                "enum" | "extend" => {
                    self.next()?;
                    self.skip_block()?;
                }
                "service" => self.service()?,
                _ => return None,
            }
        }
        Some(())
    }

    fn message(&mut self, name: &str, depth: usize) -> Option<()> {
        if depth > DEPTH {
            return None;
        }
        self.messages.insert(qualified(&self.package, name));
        self.expect("{")?;
        loop {
            match self.next()?.as_str() {
                "}" => return Some(()),
                "message" if self.tokens.get(self.at + 1).is_some_and(|t| t == "{") => {
                    let inner = self.next()?;
                    self.message(&format!("{name}.{inner}"), depth + 1)?;
                }
                "{" => {
                    self.at -= 1;
                    self.skip_block()?;
                }
                _ => {}
            }
        }
    }

    fn service(&mut self) -> Option<()> {
        let service = self.next()?;
        self.expect("{")?;
        loop {
            match self.next()?.as_str() {
                "}" => return Some(()),
                ";" => {}
                "option" => self.skip_statement()?,
                "rpc" => {
                    let name = self.next()?;
                    let request = self.message_type()?;
                    self.expect("returns")?;
                    let response = self.message_type()?;
                    match self.next()?.as_str() {
                        ";" => {}
                        "{" => {
                            self.at -= 1;
                            self.skip_block()?;
                        }
                        _ => return None,
                    }
                    self.methods.push(Method { service: service.clone(), name, request, response });
                }
                _ => return None,
            }
        }
    }

    fn message_type(&mut self) -> Option<String> {
        self.expect("(")?;
        let mut name = self.next()?;
        if name == "stream" {
            name = self.next()?;
        }
        self.expect(")")?;
        Some(name)
    }

    fn skip_statement(&mut self) -> Option<()> {
        loop {
            match self.next()?.as_str() {
                ";" => return Some(()),
                "{" => {
                    self.at -= 1;
                    self.skip_block()?;
                }
                _ => {}
            }
        }
    }

    fn skip_block(&mut self) -> Option<()> {
        self.expect("{")?;
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next()?.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
        }
        Some(())
    }

    fn next(&mut self) -> Option<String> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn expect(&mut self, wanted: &str) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }
}

/// Words, strings in their quotes and single punctuation marks; comments are dropped.
fn tokens(content: &str) -> Option<Vec<String>> {
    let mut tokens = Vec::new();
    let mut rest = content;
    while let Some(first) = rest.chars().next() {
        let length = if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
            continue;
        } else if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
            continue;
        } else if rest.starts_with("/*") {
            rest = &rest[rest.find("*/")? + 2..];
            continue;
        } else if first == '"' || first == '\'' {
            string_end(rest, first)?
        } else if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        tokens.push(rest[..length].to_owned());
        rest = &rest[length..];
    }
    Some(tokens)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.'
}

fn string_end(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        syntax = "proto3"; // three
        package shop.v1;
        import "google/protobuf/empty.proto";
        service Orders { option deprecated = true; rpc Place (Req) returns (stream Res) { option (x) = {a: 1}; } }
        message Req { string id = 1; message In { enum E { A = 0; } } }
        message Res { bool ok = 1; oneof o { int32 a = 2; } }
    "#;

    #[test]
    fn methods_are_routes_under_their_services_full_name() {
        let found = routes(FILE).unwrap();
        assert_eq!(
            found,
            [Route { kind: "gRPC", service: "shop.v1.Orders".into(), path: String::new(), method: "Place".into() }]
        );
    }

    #[test]
    fn files_that_need_other_files_have_no_routes() {
        assert_eq!(routes("import \"other.proto\"; message A {} service S { rpc M (A) returns (A); }"), None);
        assert_eq!(routes("service S { rpc M (A) returns (A); }"), None);
        assert_eq!(routes("message {"), None);
        assert_eq!(routes(&"message A { ".repeat(50_000)), None);
    }
}

//! What expressions may use: variables with their types, functions, macros, limits.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, LazyLock};

use crate::activation::Activation;
use crate::ast::Ast;
use crate::check::check;
use crate::function::Function;
use crate::libraries;
use crate::program::Program;
use crate::source::Issue;
use crate::syntax::{Macro, ParseOptions, parse};
use crate::ty::Type;

/// The default cost budget of one evaluation.
pub const DEFAULT_COST_LIMIT: u64 = 10_000_000;

/// A set of functions, macros and type names that belong together.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// Functions; overloads of a name that is already known are added to it.
    pub functions: Vec<Function>,
    /// Macros; later ones are tried first.
    pub macros: Vec<Macro>,
    /// Names that stand for types.
    pub types: Vec<(&'static str, Type)>,
}

/// Up to this many variables a scan is quicker than a look into the index.
const SCANNED: usize = 16;

/// Variables by name and by slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables {
    pub(crate) declared: Vec<(Arc<str>, Type)>,
    slots: HashMap<Arc<str>, u32>,
}

impl Variables {
    /// The slot of a variable; of two with one name that of the last.
    pub(crate) fn slot(&self, name: &str) -> Option<u32> {
        if self.declared.len() <= SCANNED {
            // Most names already differ in length.
            return self.declared.iter().rposition(|(known, _)| **known == *name).map(|slot| slot as u32);
        }
        self.slots.get(name).copied()
    }
}

#[derive(Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a choice of the host's")]
pub(crate) struct Inner {
    pub(crate) variables: Arc<Variables>,
    functions: Arc<HashMap<Arc<str>, Arc<Function>>>,
    macros: Arc<Vec<Macro>>,
    types: Arc<HashMap<Arc<str>, Type>>,
    pub(crate) container: String,
    parse: ParseOptions,
    cost_limit: u64,
    escaped_fields: bool,
    /// Whether the items of a list literal must be of one type, and arguments that are written out must be right.
    pub(crate) strict_literals: bool,
    pub(crate) number_unions: bool,
    qualified: bool,
}

impl Inner {
    pub(crate) fn variable(&self, name: &str) -> Option<(u32, &Type)> {
        let slot = self.variables.slot(name)?;
        self.variables.declared.get(slot as usize).map(|(_, ty)| (slot, ty))
    }

    pub(crate) fn type_named(&self, name: &str) -> Option<&Type> {
        self.types.get(name)
    }

    pub(crate) fn function(&self, name: &str) -> Option<&Arc<Function>> {
        self.functions.get(name)
    }

    /// Whether a chain of selections may itself be a name.
    pub(crate) fn has_qualified_names(&self) -> bool {
        self.qualified
    }

    /// The declarations a name may mean, innermost container first.
    pub(crate) fn candidates(&self, name: &str) -> Vec<String> {
        if let Some(absolute) = name.strip_prefix('.') {
            return vec![absolute.to_owned()];
        }
        let mut names = Vec::new();
        let mut container = self.container.as_str();
        while !container.is_empty() {
            names.push(format!("{container}.{name}"));
            container = container.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
        names.push(name.to_owned());
        names
    }

    /// The declared field that a name in an expression means, and its type.
    pub(crate) fn field_key<'a>(&self, fields: &'a BTreeMap<String, Type>, name: &str) -> Option<(&'a str, &'a Type)> {
        if let Some((key, ty)) = fields.get_key_value(name) {
            return Some((key, ty));
        }
        if !self.escaped_fields {
            return None;
        }
        let key = unescape_field(name)?;
        fields.get_key_value(&key).map(|(key, ty)| (key.as_str(), ty))
    }
}

/// Kubernetes' way to write any property name as an identifier: `__dot__`, `__dash__`, `__slash__`,
/// `__underscores__` and `__keyword__`. `None`: nothing is escaped in it.
fn unescape_field(name: &str) -> Option<String> {
    if !name.contains("__") {
        return None;
    }
    if let Some(word) = name.strip_prefix("__").and_then(|rest| rest.strip_suffix("__"))
        && KEYWORDS.contains(&word)
    {
        return Some(word.to_owned());
    }
    let mut out = String::new();
    let mut rest = name;
    while let Some(start) = rest.find("__") {
        let (before, escaped) = rest.split_at(start);
        out.push_str(before);
        let (text, length) = [("__dot__", "."), ("__dash__", "-"), ("__slash__", "/"), ("__underscores__", "__")]
            .iter()
            .find(|(mark, _)| escaped.starts_with(mark))
            .map(|(mark, text)| (*text, mark.len()))?;
        out.push_str(text);
        rest = escaped.get(length..)?;
    }
    out.push_str(rest);
    Some(out)
}

const KEYWORDS: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// What expressions may use. Immutable, shared by all programs made from it, cheap to clone.
///
/// ```
/// use cel::{Env, Type, Value};
/// let env = Env::builder().variable("name", Type::String).build();
/// let program = env.compile("'hello ' + name").unwrap();
/// let answer = program.eval(&env.activation().with("name", "world")).unwrap();
/// assert_eq!(answer, Value::from("hello world"));
/// ```
#[derive(Clone)]
pub struct Env(Arc<Inner>);

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").field("variables", &self.0.variables.declared).finish_non_exhaustive()
    }
}

impl Env {
    /// An environment to be filled; it begins with the standard library.
    pub fn builder() -> EnvBuilder {
        static STANDARD: LazyLock<Inner> = LazyLock::new(|| {
            let inner = Inner {
                variables: Arc::default(),
                functions: Arc::default(),
                macros: Arc::default(),
                types: Arc::default(),
                container: String::new(),
                parse: ParseOptions {
                    optional_syntax: false,
                    max_code_points: 100_000,
                    max_nesting: 250,
                    max_depth: 400,
                },
                cost_limit: DEFAULT_COST_LIMIT,
                escaped_fields: false,
                strict_literals: false,
                number_unions: false,
                qualified: false,
            };
            EnvBuilder { inner }.library(libraries::standard()).inner
        });
        EnvBuilder { inner: STANDARD.clone() }
    }

    /// A new environment that begins as this one. Slots stay the same, so an [`Activation`] of the new one serves
    /// programs of both.
    pub fn extend(&self) -> EnvBuilder {
        EnvBuilder { inner: (*self.0).clone() }
    }

    /// Parses, expands macros, checks and plans an expression. All problems are reported at once, in order of place.
    pub fn compile(&self, source: &str) -> Result<Program, Vec<Issue>> {
        let ast = self.parse(source)?;
        let checked = check(&self.0, &ast, true)?;
        Ok(Program::new(ast, checked, self.0.cost_limit))
    }

    /// As [`Self::compile`] without the type check: what does not fit fails when it is evaluated.
    pub fn compile_unchecked(&self, source: &str) -> Result<Program, Vec<Issue>> {
        let ast = self.parse(source)?;
        let checked = check(&self.0, &ast, false)?;
        Ok(Program::new(ast, checked, self.0.cost_limit))
    }

    /// The tree of an expression with its macros expanded.
    pub fn parse(&self, source: &str) -> Result<Ast, Vec<Issue>> {
        parse(source, &self.0.parse, &self.0.macros)
    }

    /// An activation without values.
    pub fn activation(&self) -> Activation {
        Activation::new(self.0.variables.clone())
    }

    /// The slot of a variable, for [`Activation::set_slot`].
    pub fn slot(&self, name: &str) -> Option<u32> {
        self.0.variables.slot(name)
    }

    /// The declared variables in order of their slots.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &Type)> {
        self.0.variables.declared.iter().map(|(name, ty)| (&**name, ty))
    }

    /// The names of all functions, operators aside, in order.
    pub fn function_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .0
            .functions
            .keys()
            .map(|name| &**name)
            .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
            .collect();
        names.sort_unstable();
        names
    }
}

/// Collects what an [`Env`] offers.
#[derive(Clone)]
#[must_use]
pub struct EnvBuilder {
    inner: Inner,
}

impl fmt::Debug for EnvBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvBuilder").finish_non_exhaustive()
    }
}

impl EnvBuilder {
    /// Adds a library.
    pub fn library(mut self, library: Library) -> Self {
        for function in library.functions {
            self = self.function(function);
        }
        Arc::make_mut(&mut self.inner.macros).extend(library.macros);
        let types = Arc::make_mut(&mut self.inner.types);
        for (name, ty) in library.types {
            self.inner.qualified |= name.contains('.');
            types.insert(name.into(), ty);
        }
        self
    }

    /// Adds libraries.
    pub fn libraries(self, libraries: impl IntoIterator<Item = Library>) -> Self {
        libraries.into_iter().fold(self, Self::library)
    }

    /// Declares a variable. A name that is already declared is declared anew: expressions compiled from now on
    /// mean the new one.
    pub fn variable(mut self, name: &str, ty: Type) -> Self {
        let variables = Arc::make_mut(&mut self.inner.variables);
        let slot = variables.declared.len() as u32;
        let name: Arc<str> = name.into();
        self.inner.qualified |= name.contains('.');
        variables.slots.insert(name.clone(), slot);
        variables.declared.push((name, ty));
        self
    }

    /// Adds a function, or overloads to one already there.
    pub fn function(mut self, function: Function) -> Self {
        let functions = Arc::make_mut(&mut self.inner.functions);
        match functions.get_mut(&function.name) {
            Some(known) => {
                let known = Arc::make_mut(known);
                for overload in function.overloads {
                    known.overloads.retain(|other| other.id != overload.id);
                    known.overloads.push(overload);
                }
            }
            None => {
                functions.insert(function.name.clone(), Arc::new(function));
            }
        }
        self
    }

    /// Adds a macro; it is tried before those already there.
    pub fn with_macro(mut self, added: Macro) -> Self {
        Arc::make_mut(&mut self.inner.macros).push(added);
        self
    }

    /// Allows `a.?b`, `a[?b]`, `[?a]` and `{?a: b}`. The library of optionals does not imply it.
    pub fn optional_syntax(mut self, allowed: bool) -> Self {
        self.inner.parse.optional_syntax = allowed;
        self
    }

    /// The namespace in which names are looked up first.
    pub fn container(mut self, name: &str) -> Self {
        name.clone_into(&mut self.inner.container);
        self
    }

    /// The cost budget of one evaluation.
    pub fn cost_limit(mut self, limit: u64) -> Self {
        self.inner.cost_limit = limit;
        self
    }

    /// The longest source accepted, in code points.
    pub fn source_limit(mut self, code_points: usize) -> Self {
        self.inner.parse.max_code_points = code_points;
        self
    }

    /// Accepts Kubernetes' escaped property names (`self.__var__`, `self.a__dash__b`) for declared fields.
    pub fn escaped_fields(mut self, accepted: bool) -> Self {
        self.inner.escaped_fields = accepted;
        self
    }

    /// Refuses lists and maps that are written out with items of several types, and patterns, times and spans that are
    /// written out and are none.
    ///
    /// ```
    /// use cel::Env;
    /// let strict = Env::builder().strict_literals(true).build();
    /// assert!(strict.compile("[1, 'a']").is_err());
    /// assert!(strict.compile("duration('1 hour') > duration('1m')").is_err());
    /// assert!(Env::builder().build().compile("[1, 'a']").is_ok());
    /// ```
    pub fn strict_literals(mut self, wanted: bool) -> Self {
        self.inner.strict_literals = wanted;
        self
    }

    /// Lets a list or map that mixes types of numbers be of a union of these, `list(int | double)`, instead of `dyn`: the
    /// check then tells what cannot be done with any number.
    ///
    /// ```
    /// use cel::Env;
    /// let strict = Env::builder().number_unions(true).build();
    /// assert_eq!(strict.compile("[1, 2.5]").unwrap().output_type().to_string(), "list(int | double)");
    /// assert!(strict.compile("!([1, 2.5][0])").is_err());
    /// assert!(Env::builder().build().compile("!([1, 2.5][0])").is_ok());
    /// ```
    pub fn number_unions(mut self, wanted: bool) -> Self {
        self.inner.number_unions = wanted;
        self
    }

    /// The finished environment.
    pub fn build(self) -> Env {
        Env(Arc::new(self.inner))
    }
}

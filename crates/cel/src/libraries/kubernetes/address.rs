//! IP addresses and CIDR blocks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::env::Library;
use crate::error::EvalError;
use crate::function::{Function, Overload};
use crate::ty::Type;
use crate::value::{Opaque, Value, downcast};

const IP: &str = "net.IP";
const CIDR: &str = "net.CIDR";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ip(IpAddr);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl Opaque for Ip {
    fn type_name(&self) -> &str {
        IP
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        downcast::<Ip>(other) == Some(self)
    }
}

impl Opaque for Cidr {
    fn type_name(&self) -> &str {
        CIDR
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        downcast::<Cidr>(other) == Some(self)
    }
}

/// Refuses zones, leading zeros and IPv4 addresses written as IPv6.
fn parse_ip(text: &str) -> Result<Ip, EvalError> {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_some() => {
            Err(EvalError::invalid(format!("IPv4-mapped IPv6 address \"{text}\" is not allowed")))
        }
        Ok(address) => Ok(Ip(address)),
        Err(_) => Err(EvalError::invalid(format!(
            "IP Address \"{text}\" parse error during conversion from string: unable to parse IP"
        ))),
    }
}

fn parse_cidr(text: &str) -> Result<Cidr, EvalError> {
    let wrong = || {
        EvalError::invalid(format!(
            "network address parse error during conversion from string: \"{text}\" is no CIDR block"
        ))
    };
    let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
    let address = parse_ip(address).map_err(|_| wrong())?.0;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let digits = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit());
    let padded = prefix.len() > 1 && prefix.starts_with('0');
    let prefix = prefix.parse().ok().filter(|prefix| *prefix <= longest && digits && !padded).ok_or_else(wrong)?;
    Ok(Cidr { address, prefix })
}

impl Cidr {
    /// The first address of the block.
    fn masked(self) -> IpAddr {
        match self.address {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from(u32::from(v4) & mask))
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from(u128::from(v6) & mask))
            }
        }
    }

    fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && Cidr { address, ..self }.masked() == self.masked()
    }
}

type Native = fn(&[Value]) -> Result<Value, EvalError>;

fn ip_of(args: &[Value]) -> Result<IpAddr, EvalError> {
    args.first().and_then(Value::downcast::<Ip>).map(|ip| ip.0).ok_or_else(EvalError::no_such_overload)
}

fn cidr_of(args: &[Value]) -> Result<Cidr, EvalError> {
    args.first().and_then(Value::downcast::<Cidr>).copied().ok_or_else(EvalError::no_such_overload)
}

fn contains_ip(args: &[Value]) -> Result<Value, EvalError> {
    let address = match args.get(1) {
        Some(Value::String(text)) => parse_ip(text)?.0,
        Some(value) => value.downcast::<Ip>().ok_or_else(EvalError::no_such_overload)?.0,
        None => return Err(EvalError::no_such_overload()),
    };
    Ok(Value::Bool(cidr_of(args)?.contains(address)))
}

fn contains_cidr(args: &[Value]) -> Result<Value, EvalError> {
    let inner = match args.get(1) {
        Some(Value::String(text)) => parse_cidr(text)?,
        Some(value) => *value.downcast::<Cidr>().ok_or_else(EvalError::no_such_overload)?,
        None => return Err(EvalError::no_such_overload()),
    };
    let outer = cidr_of(args)?;
    Ok(Value::Bool(outer.prefix <= inner.prefix && outer.contains(inner.address)))
}

fn text(args: &[Value]) -> Result<&str, EvalError> {
    args.first().and_then(Value::as_str).ok_or_else(EvalError::no_such_overload)
}

fn text_function(name: &str, id: &str, result: Type, native: Native) -> Function {
    Function::new(name).overload(Overload::global(id, [Type::String], result, native))
}

fn is_global_unicast(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    let link_local = is_link_local(address);
    !(address.is_unspecified() || address.is_loopback() || address.is_multicast() || broadcast || link_local)
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

fn is_link_local_multicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => matches!(v4.octets(), [224, 0, 0, _]),
        IpAddr::V6(v6) => v6.segments().first().is_some_and(|first| first & 0xff0f == 0xff02),
    }
}

/// `ip`, `isIP`, `ip.isCanonical`, `family`, `isUnspecified`, `isLoopback`, `isLinkLocalMulticast`, `isLinkLocalUnicast`,
/// `isGlobalUnicast`, `cidr`, `isCIDR`, `containsIP`, `containsCIDR`, `masked` and `prefixLength`.
pub fn network() -> Library {
    let (ip, cidr) = (Type::opaque(IP), Type::opaque(CIDR));
    let of_ip = |name: &str, result: Type, native: Native| {
        Function::new(name).overload(Overload::member(&format!("ip_{name}"), [ip.clone()], result, native))
    };
    let of_cidr = |name: &str, result: Type, native: Native| {
        Function::new(name).overload(Overload::member(&format!("cidr_{name}"), [cidr.clone()], result, native))
    };
    let containing = |name: &str, inner: &Type, native: Native| {
        Function::new(name)
            .overload(Overload::member(
                &format!("cidr_{name}_value"),
                [cidr.clone(), inner.clone()],
                Type::Bool,
                native,
            ))
            .overload(Overload::member(
                &format!("cidr_{name}_string"),
                [cidr.clone(), Type::String],
                Type::Bool,
                native,
            ))
    };
    let ip_to_string: Native = |args| Ok(Value::from(ip_of(args)?.to_string()));
    let cidr_to_string: Native = |args| {
        let cidr = cidr_of(args)?;
        Ok(Value::from(format!("{}/{}", cidr.address, cidr.prefix)))
    };
    let functions = vec![
        text_function("ip", "string_to_ip", ip.clone(), |args| parse_ip(text(args)?).map(Value::opaque)).overload(
            Overload::member("cidr_ip", [cidr.clone()], ip.clone(), |args| {
                Ok(Value::opaque(Ip(cidr_of(args)?.address)))
            }),
        ),
        text_function("isIP", "is_ip", Type::Bool, |args| Ok(Value::Bool(parse_ip(text(args)?).is_ok()))),
        text_function("ip.isCanonical", "ip_is_canonical", Type::Bool, |args| {
            let text = text(args)?;
            Ok(Value::Bool(parse_ip(text)?.0.to_string() == text))
        }),
        of_ip("family", Type::Int, |args| Ok(Value::Int(if ip_of(args)?.is_ipv4() { 4 } else { 6 }))),
        of_ip("isUnspecified", Type::Bool, |args| Ok(Value::Bool(ip_of(args)?.is_unspecified()))),
        of_ip("isLoopback", Type::Bool, |args| Ok(Value::Bool(ip_of(args)?.is_loopback()))),
        of_ip("isLinkLocalMulticast", Type::Bool, |args| Ok(Value::Bool(is_link_local_multicast(ip_of(args)?)))),
        of_ip("isLinkLocalUnicast", Type::Bool, |args| Ok(Value::Bool(is_link_local(ip_of(args)?)))),
        of_ip("isGlobalUnicast", Type::Bool, |args| Ok(Value::Bool(is_global_unicast(ip_of(args)?)))),
        text_function("cidr", "string_to_cidr", cidr.clone(), |args| parse_cidr(text(args)?).map(Value::opaque)),
        text_function("isCIDR", "is_cidr", Type::Bool, |args| Ok(Value::Bool(parse_cidr(text(args)?).is_ok()))),
        containing("containsIP", &ip, contains_ip),
        containing("containsCIDR", &cidr, contains_cidr),
        of_cidr("masked", cidr.clone(), |args| {
            let cidr = cidr_of(args)?;
            Ok(Value::opaque(Cidr { address: cidr.masked(), prefix: cidr.prefix }))
        }),
        of_cidr("prefixLength", Type::Int, |args| Ok(Value::Int(cidr_of(args)?.prefix.into()))),
        Function::new("string")
            .overload(Overload::global("ip_to_string", [ip.clone()], Type::String, ip_to_string))
            .overload(Overload::global("cidr_to_string", [cidr.clone()], Type::String, cidr_to_string)),
    ];
    Library { functions, types: vec![(IP, ip), (CIDR, cidr)], ..Library::default() }
}

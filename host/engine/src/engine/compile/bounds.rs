//! What a component may be made of. Cheap to count, and counted before a compiler sees it.

use wasmparser::{Encoding, Parser, Payload};

use crate::{Code, CompileLimits, Fault};

/// The first eight bytes and the size: all that the host itself looks at.
pub(crate) fn check_header(bytes: &[u8], limits: &CompileLimits) -> Result<(), Fault> {
    if bytes.len() > limits.component_bytes {
        let (size, most) = (bytes.len(), limits.component_bytes);
        let message = format!("the component has {size} bytes and may have {most}; strip it or leave something out");
        return Err(Fault::new(Code::InvalidArgument, "COMPONENT_TOO_LARGE", message));
    }
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', _, 0, 1, 0]) => Ok(()),
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => Err(not_a_component(
            "this is a core module; wrap it as a component (`fondaco pack`, `wasm-tools component new`, or build for wasm32-wasip2)",
        )),
        Some([0, b'a', b's', b'm', ..]) => Err(not_a_component("this WebAssembly is of an unknown version")),
        _ => Err(not_a_component("this is not WebAssembly: it does not begin with `\\0asm`")),
    }
}

fn not_a_component(message: &str) -> Fault {
    Fault::new(Code::InvalidArgument, "NOT_A_COMPONENT", message)
}

/// Counts functions, parts and nesting. It runs in the compile worker, since it reads untrusted bytes.
pub(crate) fn check(bytes: &[u8], limits: &CompileLimits) -> Result<(), Fault> {
    check_header(bytes, limits)?;
    let mut count = Count::default();
    for payload in Parser::new(0).parse_all(bytes) {
        count.add(&payload.map_err(|error| malformed(&error))?, limits)?;
    }
    Ok(())
}

fn malformed(error: &wasmparser::BinaryReaderError) -> Fault {
    let message = format!("the component is damaged at byte {}: {}", error.offset(), error.message());
    Fault::new(Code::InvalidArgument, "COMPILE_FAILED", message)
}

#[derive(Default)]
struct Count {
    functions: u64,
    parts: u64,
    nesting: u64,
}

impl Count {
    fn add(&mut self, payload: &Payload<'_>, limits: &CompileLimits) -> Result<(), Fault> {
        match payload {
            Payload::CodeSectionStart { count, .. } => self.functions += u64::from(*count),
            Payload::CodeSectionEntry(body) => {
                let size = (body.range().end - body.range().start) as u64;
                within("bytes in one function", size, limits.function_bytes)?;
            }
            Payload::Version { encoding: Encoding::Module | Encoding::Component, .. } => {
                self.nesting += 1;
                self.parts += 1;
            }
            Payload::End(_) => self.nesting = self.nesting.saturating_sub(1),
            Payload::InstanceSection(section) => self.parts += u64::from(section.count()),
            Payload::ComponentInstanceSection(section) => self.parts += u64::from(section.count()),
            _ => {}
        }
        within("functions", self.functions, limits.functions)?;
        within("modules, components and instances", self.parts, limits.parts)?;
        within("components inside of each other", self.nesting, limits.nesting)
    }
}

fn within(what: &str, found: u64, most: u32) -> Result<(), Fault> {
    if found <= u64::from(most) {
        return Ok(());
    }
    Err(super::job::too_large(format!("{found} {what}, where at most {most} are allowed")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(bytes: &[u8], limits: &CompileLimits) -> String {
        check(bytes, limits).map_or_else(|fault| fault.reason.into_owned(), |()| "OK".to_owned())
    }

    #[test]
    fn headers_say_what_it_is() {
        let limits = CompileLimits { component_bytes: 64, ..CompileLimits::default() };
        for (bytes, expected) in [
            (b"\0asm\x0d\0\x01\0".as_slice(), "OK"),
            (b"\0asm\x01\0\0\0", "NOT_A_COMPONENT"),
            (b"\0asm\x09\0\0\0", "NOT_A_COMPONENT"),
            (b"", "NOT_A_COMPONENT"),
            (b"MZ......", "NOT_A_COMPONENT"),
            (b"\0asm\x0d\0\x01\0\x01\xff", "COMPILE_FAILED"),
            (&[0; 65], "COMPONENT_TOO_LARGE"),
        ] {
            assert_eq!(reason(bytes, &limits), expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let nested = wat::parse_str("(component (component (component (core module (func) (func)))))").unwrap();
        let limits = CompileLimits::default();
        assert_eq!(reason(&nested, &limits), "OK");
        for limits in [
            CompileLimits { nesting: 3, ..limits },
            CompileLimits { functions: 1, ..limits },
            CompileLimits { parts: 3, ..limits },
            CompileLimits { function_bytes: 1, ..limits },
        ] {
            assert_eq!(reason(&nested, &limits), "COMPILE_TOO_LARGE", "{limits:?}");
        }
    }
}

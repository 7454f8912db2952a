//! Values on their way into and out of a service's memory, without [`Val`](wasmtime::component::Val) in between.
//!
//! A `Val` is a node on the heap, and a record's has a string for each field's name. Who makes values out of bytes and
//! bytes out of values has no use for either. So arguments are built here as what they are going to be: records and
//! lists with the sizes, alignments and offsets of the canonical ABI ([`Layout`]), in a few buffers of the host
//! ([`Arguments`]). Entering the guest is then one `realloc` and one copy for each string and list. An answer is read
//! where it lies ([`View`]) by a [`Reader`], before the guest may have its memory back.
//!
//! This module knows no format: what bytes become arguments, and what is made of an answer, is the business of who
//! calls [`Services::pass`](crate::Services::pass). It trusts neither side: arguments that are not of the function's
//! size are refused, and whatever a guest answers (pointers, lengths, cases, text) is checked when it is read.
//!
//! ```
//! use fondaco_engine::wire::{Arguments, Encoding, Layout, View};
//!
//! // record { quantity: u32, sku: string }
//! let (record, at) = Layout::record(&[Layout::scalar(4), Layout::POINTER_PAIR]);
//! assert_eq!((record.size(), at.as_ref()), (12, [0, 4].as_slice()));
//!
//! let mut arguments = Arguments::new(record, 1_000);
//! let root = arguments.root();
//! arguments.put(root, 3_u32.to_le_bytes());
//! arguments.text(root.plus(4), "tea-01")?;
//!
//! // What the guest's memory holds then, if its allocator gave the address 12.
//! let memory = [3, 0, 0, 0, 12, 0, 0, 0, 6, 0, 0, 0, b't', b'e', b'a', b'-', b'0', b'1'];
//! let view = View::new(&memory, Encoding::Utf8, 1_000);
//! assert_eq!(view.text(4)?, "tea-01");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arguments;
mod flat;
mod layout;
mod lift;
mod lower;
mod typed;
mod view;

pub use arguments::{Arguments, List, Place, TooLarge};
pub use layout::{Layout, Tagged};
pub use lift::Reader;
pub use view::{Encoding, Malformed, View};

pub(crate) use typed::call;

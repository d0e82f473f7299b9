//! An address is proven only by a claim from the same exchange: the same answer, or the same signed token.
//!
//! The files are generated: which documents give an address and a claim, in which order `identity` tries them, and which of them a login finds.

mod documents;
mod lists;

fn address(document: usize) -> String {
    format!("d{document}@loja.example")
}

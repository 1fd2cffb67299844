//! Loading: what the corpus of a reference Falco says.

mod conformance;

//! The nearest known name to a misspelt one.

/// The candidate with the smallest edit distance to `word`, if it is small enough to be what was meant.
pub fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    /// Names of a file that wants to keep us busy.
    const MAX: usize = 1_000;
    let limit = (word.chars().count() / 3).clamp(1, 3);
    let near = candidates.take(MAX).filter(|candidate| candidate.len().abs_diff(word.len()) <= limit);
    near.map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions and replacements that make one of the other; two letters swapped count once, and case not at all.
fn distance(a: &str, b: &str) -> usize {
    let letters = |word: &str| word.chars().take(64).map(|c| c.to_ascii_lowercase()).collect::<Vec<_>>();
    let (a, b) = (letters(a), letters(b));
    let width = b.len() + 1;
    let mut rows = vec![0_usize; (a.len() + 1) * width];
    let cell = |rows: &[usize], i: usize, j: usize| rows.get(i * width + j).copied().unwrap_or(0);
    for i in 0..=a.len() {
        for j in 0..width {
            let mut best = if i == 0 || j == 0 {
                i + j
            } else {
                let differs = usize::from(a.get(i - 1) != b.get(j - 1));
                (cell(&rows, i - 1, j) + 1)
                    .min(cell(&rows, i, j - 1) + 1)
                    .min(cell(&rows, i - 1, j - 1) + differs)
            };
            if i > 1 && j > 1 && a.get(i - 1) == b.get(j - 2) && a.get(i - 2) == b.get(j - 1) {
                best = best.min(cell(&rows, i - 2, j - 2) + 1);
            }
            if let Some(slot) = rows.get_mut(i * width + j) {
                *slot = best;
            }
        }
    }
    cell(&rows, a.len(), b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_only() {
        let names = ["proc.name", "proc.pname", "fd.name", "spawned_process"];
        for (word, found) in [
            ("proc.nmae", Some("proc.name")),
            ("proc.pnam", Some("proc.pname")),
            ("fd.nam", Some("fd.name")),
            ("spawned_procces", Some("spawned_process")),
            ("Proc.Name", Some("proc.name")),
            ("container.id", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, names.into_iter()), found, "{word}");
        }
    }
}

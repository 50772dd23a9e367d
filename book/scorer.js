// "var": Sphinx declares the name again. An entry of the glossary has a score of 100.
// Order of the search results: chapters first, of these the ones whose title holds the words; lists last.
var Scorer = {
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
  score: ([page, title, , , score]) => {
    const words = (new URLSearchParams(window.location.search).get("q") || "").toLowerCase().split(/\s+/);
    // "vae" begins a word of "autoencoder (VAE)", but not of "S-VQ-VAE"
    const parts = title.toLowerCase().split(/[^a-z0-9-]+/);
    const isNamed = words.every((word) => title.toLowerCase().includes(word));
    const isBegun = words.every((word) => parts.some((part) => part.startsWith(word)));
    const isList = /^(figures|data|commands|claims|library\/)/.test(page);
    const isChapter = /\/(real|paper|demo)\//.test(page);
    const bonus = isList ? -20 : isChapter ? (isBegun ? 120 : isNamed ? 60 : 2) : isNamed ? 10 : 0;
    return score + bonus + (/\/(real|paper)\//.test(page) ? 1 : 0);
  },
};

// Order of the search results: chapters first, of these the ones whose title holds the words; lists last.
const Scorer = {
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
    const isNamed = words.every((word) => title.toLowerCase().includes(word));
    const isList = /^(figures|data|commands|claims|library\/)/.test(page);
    const isChapter = /\/(real|paper|demo)\//.test(page);
    const bonus = isList ? -20 : isChapter ? (isNamed ? 40 : 2) : isNamed ? 10 : 0;
    return score + bonus + (/\/(real|paper)\//.test(page) ? 1 : 0);
  },
};

"""The workshop of a study: exercises that a run answers, quizzes, and one archive without network."""

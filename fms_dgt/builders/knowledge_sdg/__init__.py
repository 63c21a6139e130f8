"""Knowledge: questions and answers that documents support."""

"""The report of a week or a month: read once, frozen under a number, said on a page, as a PDF and in a chat."""

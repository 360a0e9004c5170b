from devtools.notice_handbook import PAGE, with_table


def test_the_page_names_every_kind_as_it_is() -> None:
    text = PAGE.read_text("utf-8")
    assert text == with_table(text), "python -m devtools.notice_handbook writes it"

"""What is no part of a statement goes line by line, and nothing else. All texts are written by ourselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.feeds.boilerplate import without_boilerplate

BOILERPLATE = """
Select this search icon to access the site search form
Main menu
Facebook Share
Subscribe to North Korea
Search Results
Sort by
Filter by Country
For Immediate Release
Organization Profile:
This statement can be found online at
Share This Article
Never Miss a Beat.
Never Miss a Beat. Get our best delivered to your inbox.
Accessibility links
Breaking News
please wait
No media source currently available
0:00 0:03:47 0:00
XS SM MD LG
XS
(FILE) A leader visits a command on October 17, 2024.
2021년 5월 평양의 농부들 ©2021 홍길동/AP
Media advisories | Special Procedures
Home › Media centre › Press releases
CONTACT: Jane Doe, media@office.example
For media inquiries please contact: Press Desk (+41 22 555 01 01)
Sign up for our newsletter and get updates every week.
Follow us on Twitter and Facebook.
Share this article on Facebook
Donate now
Please select a donation method:
Your gift today will be doubled. Donate now!
Advertisement
© 2026 Riverside Rights. All rights reserved.
페이스북 트위터 카카오톡 URL 복사
뉴스레터 구독 신청하기
정기후원 신청하기
무단 전재 및 재배포 금지
<저작권자 ⓒ 강변신문, 무단전재 및 재배포 금지>
관련 기사
문의: 홍보팀 02-555-0101
사진=연합뉴스
シェアする ツイートする
メールマガジンの登録はこちら
ご寄付のお願い
無断転載を禁じます
関連記事
お問い合わせ：広報 03-5555-0101
Abonnez-vous à notre newsletter
Partager sur Facebook
Faites un don
Tous droits réservés
Contact presse : presse@bureau.example
Lire aussi : Les gardes ont de nouveaux ordres
Suscríbete a nuestro boletín
Compartir en Facebook
Haz una donación
Todos los derechos reservados
""".strip().split("\n")

STATEMENTS = """
We call on donors to fund the search service without delay.
Release the detainees
Release the detainees now.
Share information on new arrests with the families at once.
Share responsibility for those who flee.
Print media are owned by the state.
Email is unknown to most people in the country.
Subscribe to no illusion: the camps are still there.
The government should become a member of the court.
States should donate food through the World Food Programme.
“Please donate blood,” the hospital said in its appeal.
The families said: sign up to our newsletter, and nothing else was left of the office.
Follow the money that workers abroad send home.
Join us in asking for their release.
Join the convention against torture.
Support independent investigations into the camps.
Contact with relatives abroad is punished with years in a camp.
Contact: the families have had none since March.
The meeting begins at 10:00.
10:00
2026-11-22 12:00
Copyright law in North Korea protects the state alone.
The photo shows the camp near Hoeryong before it was torn down.
A spokesperson says that the donation of rice never reached the villages.
Home is where nobody knocks at night.
News of the arrests spread quickly | the office closed
By A. Writer, Special to The Paper
Prison Camps
Freedom of expression
rights
Without your support we shall die here, one of the prisoners wrote in a letter.
국제사회의 기부와 지원을 호소한다.
피해자들의 정보를 유엔과 공유하여야 한다.
카카오톡으로 위치를 공유할 수 있다는 이유로 체포되었다.
구독료를 내지 않은 주민이 처벌을 받았다.
문의하는 가족에게 당국은 답하지 않았다.
메뉴판에 적힌 값은 월급의 두 배였다.
情報を共有した住民が処罰された。
寄付された米は村に届かなかった。
支援を必要とする人びとに届いていない。
Partager des informations avec l'étranger est un crime.
Abonnez-vous, dit l'affiche, à la mort lente.
Compartir información con el extranjero es delito.
Comparten celda con otros cuarenta presos.
Apoya la resolución la mayoría de los Estados.
""".strip().split("\n")


@pytest.mark.parametrize("line", BOILERPLATE)
def test_a_line_of_boilerplate_goes_and_its_neighbours_stay(line):
    assert without_boilerplate(f"Before it.\n\n{line}\n\nAfter it.") == "Before it.\n\nAfter it."


@pytest.mark.parametrize("line", STATEMENTS)
def test_a_sentence_of_a_statement_stays(line):
    assert without_boilerplate(f"Before it.\n\n{line}\n\nAfter it.") == f"Before it.\n\n{line}\n\nAfter it."


def test_an_appeal_goes_with_the_lines_around_it_that_belong_to_it():
    text = (
        "The workers have no rights.\n\nThis is the world we live in. This is the world we cover.\n\n"
        "Because of people like you, another world can be. We don't survive on clicks. We need you. "
        "If you can help today, because every gift matters, please do. Without your support there is nothing.\n\n"
        "Please select a donation method:\n\nThe organisation is a movement of millions of people."
    )
    assert without_boilerplate(text) == (
        "The workers have no rights.\n\nThe organisation is a movement of millions of people."
    )


def test_what_speaks_like_an_appeal_but_stands_by_itself_stays():
    text = "People like you were taken away first.\n\nWe depend on rain."
    assert without_boilerplate(text) == text


def test_a_trailer_goes_from_the_end_of_its_line():
    assert without_boilerplate("The text. The post A title appeared first on A site.") == "The text."
    assert without_boilerplate("The post office was closed.") == "The post office was closed."


def test_lines_that_the_catalogue_names_go():
    assert without_boilerplate("One.\n\nTwo\n\nThree.", ("two", " ")) == "One.\n\nThree."


def test_a_sentence_on_the_newsletter_does_not_take_its_paragraph_with_it():
    text = "Forty-one people are missing. Subscribe to our newsletter."
    assert without_boilerplate(text) == text


@given(st.lists(st.sampled_from([*BOILERPLATE, *STATEMENTS, "", "A line."]), max_size=12))
def test_only_whole_lines_go_and_doing_it_twice_changes_nothing(lines):
    once = without_boilerplate("\n\n".join(lines))
    assert set(once.split("\n\n")) <= {*lines, ""}
    assert without_boilerplate(once) == once


@given(st.text(st.sampled_from("a 0:/|>.,-(『사진=シェ@+*share to"), max_size=80), st.integers(1, 2_000))
def test_hostile_lines_come_to_an_end(piece, times):
    without_boilerplate(piece * times)
    without_boilerplate(f"for media {piece * times} contact 0{piece}")

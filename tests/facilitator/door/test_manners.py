"""Pages that are not there or want a press say so politely, and lead everybody back to a page of their own."""

from django.urls import reverse


def test_an_address_that_wants_a_press_says_so_in_a_sentence(fay):
    reply = fay.client().get(reverse("partner_link", args=[fay.a.pk]))

    assert reply.status_code == 405
    assert reply["Allow"] == "POST"
    assert "please go back and use the button there" in reply.content.decode()


def test_a_dead_end_leads_a_partner_to_their_page_and_fay_to_her_practice(fay):
    at_a_partners = fay.partner_client("A").get("/nowhere/").content.decode()
    at_fays = fay.client().get("/nowhere/").content.decode()
    ways = {f'href="{reverse(name)}"' for name in ("portal", "home")}
    assert {way for way in ways if way in at_a_partners} == {f'href="{reverse("portal")}"'}
    assert {way for way in ways if way in at_fays} == {f'href="{reverse("home")}"'}


def test_a_partner_finds_the_way_back_from_their_papers(fay):
    papers = fay.partner_client("A").get(reverse("documents")).content.decode()
    assert f'href="{reverse("portal")}"' in papers

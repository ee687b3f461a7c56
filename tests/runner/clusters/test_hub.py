"""The actor of a run on Ray, without Ray."""

import asyncio

from wkmp_lab.progress.far import FarNews
from wkmp_lab.runner.clusters.hub import Hub

SHORT_S = 0.03


def test_the_latest_news_of_each_file_are_heard_once():
    async def talk():
        hub = Hub({})
        for news in (FarNews(0, 1, 0.1, 0, 0), FarNews(1, 2, 0.0, 0, 0), FarNews(0, 1, 0.4, 0, 0)):
            await hub.tell(news)
        return await hub.hear(0.0), await hub.hear(0.0)

    first, second = asyncio.run(talk())
    assert sorted(first, key=lambda news: news.index) == [
        FarNews(0, 1, 0.4, 0, 0),
        FarNews(1, 2, 0.0, 0, 0),
    ]
    assert second == []


def test_a_place_is_waited_for_and_given_on():
    async def talk():
        hub = Hub({"DECODING": 1, "FLAVORING": 1})
        taken = [await hub.take("DECODING", 1, SHORT_S), await hub.take("DECODING", 2, SHORT_S)]
        waiting = asyncio.create_task(hub.take("DECODING", 2, 10.0))
        await asyncio.sleep(SHORT_S)
        taken += [waiting.done(), await hub.take("FLAVORING", 2, SHORT_S)]
        await hub.give_back("DECODING", 1)
        return [*taken, await waiting]

    assert asyncio.run(talk()) == [True, False, False, True, True]


def test_who_asks_again_for_what_he_has_takes_no_second_place():
    async def talk():
        hub = Hub({"DECODING": 2})
        return [await hub.take("DECODING", holder, SHORT_S) for holder in (1, 1, 2, 3)]

    assert asyncio.run(talk()) == [True, True, True, False]


def test_the_place_of_the_dead_is_free_and_nothing_is_taken_for_them_any_more():
    async def talk():
        hub = Hub({"DECODING": 1})
        await hub.take("DECODING", 1, SHORT_S)
        late = asyncio.create_task(hub.take("DECODING", 2, 10.0))
        await asyncio.sleep(0.0)
        await hub.bury(2)
        await hub.bury(1)
        await late
        return await hub.take("DECODING", 3, SHORT_S)

    assert asyncio.run(talk())

"""The asset `logos`, with a bucket, and its runs that die early."""

import hashlib

import boto3
import dagster as dg
import pytest
from moto.server import ThreadedMotoServer

from dp_pipeline.assets.drive import DATA_VERSION_TAG
from dp_pipeline.definitions import build
from dp_pipeline.jobs import planned_work
from dp_pipeline.resources import DatabaseResource, ProvidersResource
from dp_pipeline_tests.assets.club import ALL, IMAGES, KEY, Club
from dp_pipeline_tests.images.gallery_server import SVG


def test_images_reach_a_bucket_with_their_type_and_may_be_cached_for_good(
    club: Club, monkeypatch: pytest.MonkeyPatch, migrated_url: str
) -> None:
    club.server.images = dict(IMAGES)
    club.server.content_type = "text/html"
    club.stored(ALL)
    bucket = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    bucket.start()
    try:
        host, port = bucket.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="anybody",
            aws_secret_access_key="anything",
        )
        client.create_bucket(Bucket="football")
        for name, value in {
            "DP_HOME": str(club.home),
            "AWS_S3_BUCKET": "football",
            "AWS_ACCESS_KEY_ID": "anybody",
            "AWS_SECRET_ACCESS_KEY": "anything",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_CLOUDFRONT_URL": "cdn.example.org",
        }.items():
            monkeypatch.setenv(name, value)
        definitions = build(
            {
                "database": DatabaseResource(url=migrated_url),
                "providers": ProvidersResource(base_urls={"openligadb": club.base}),
            }
        )
        with dg.instance_for_test() as instance:
            instance.add_dynamic_partitions("tournaments", [str(KEY)])

            def materialize() -> dg.AssetMaterialization:
                result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
                    instance=instance,
                    partition_key=str(KEY),
                    asset_selection=[dg.AssetKey("logos")],
                )
                assert result.success
                event = instance.get_latest_materialization_event(dg.AssetKey("logos"))
                assert event is not None
                assert event.asset_materialization is not None
                return event.asset_materialization

            first, second = materialize(), materialize()
        listed = client.list_objects_v2(Bucket="football", Prefix="images/")["Contents"]
        head = client.head_object(
            Bucket="football", Key=f"images/{hashlib.sha256(SVG).hexdigest()}.svg"
        )
    finally:
        bucket.stop()
    assert first.partition == str(KEY)
    assert first.metadata["outcome"].value == "written"
    assert second.metadata["outcome"].value == "unchanged"
    assert first.tags is not None
    assert first.tags[DATA_VERSION_TAG] == (second.tags or {})[DATA_VERSION_TAG]
    assert len(listed) == 4
    assert head["ContentType"] == "image/svg+xml"
    assert head["CacheControl"] == "public, max-age=31536000, immutable"
    assert club.shown()["logo"] == (
        f"https://cdn.example.org/images/{hashlib.sha256(SVG).hexdigest()}.svg"
    )
    assert club.server.not_modified == 4


def test_a_run_of_images_that_dies_early_is_known_to_have_been_about_images() -> None:
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions("tournaments", [str(KEY)])
        run = instance.create_run_for_job(
            build().resolve_implicit_global_asset_job_def(),
            asset_selection=frozenset({dg.AssetKey("logos")}),
            tags={"dagster/partition": str(KEY)},
        )
        assert planned_work(instance, run) == {str(KEY): ("logos",)}

"""The part of the OpenAI protocol that batches need; the SDK is loaded at the first request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import IO, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from assistant.batch_requests import URL, Recorded
from assistant.openai_model import OpenAIModel
from index import ModelError

MAX_LISTED = 2_000
"""Batches, the latest first, among which one is looked for."""
DIALECT_TOKENS = 16
"""Tokens that the request may write that shows what the server takes; it is broken off at once."""

_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
_NO_SUCH_API = frozenset({404, 405, 501})

T = TypeVar("T")


class _File(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str = Field(min_length=1)
    filename: str = ""


class _Fault(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    message: str | None = None


class _Faults(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    data: list[_Fault] | None = None


class _Counts(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    completed: int = 0
    failed: int = 0


class Batch(BaseModel):
    """What we use of a batch; the SDK itself doesn't check that one has the promised form."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(min_length=1)
    status: str
    input_file_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    metadata: Any = None
    errors: _Faults | None = None
    request_counts: _Counts | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.status in _ENDED

    @property
    def done(self) -> int:
        """How many of its requests are through."""
        counts = self.request_counts or _Counts()
        return counts.completed + counts.failed

    @property
    def said(self) -> str:
        """How it ended, and why if the server tells."""
        faults = (self.errors and self.errors.data) or []
        return next((fault.message for fault in faults if fault.message), self.status)


class BatchServer:
    """The part of the OpenAI protocol that batches need. All methods raise ModelError."""

    def __init__(self, model: OpenAIModel) -> None:
        self._model = model
        self.at = model.endpoint

    def body(self, request: Recorded) -> Mapping[str, Any]:
        """The request as it would be asked directly, in the dialect that is known so far."""
        return self._model.connection.request(request.messages, request.max_tokens, request.schema)

    def learn(self, request: Recorded) -> None:
        """Begin the request directly and break it off: a refusal tells what the server takes.

        In a batch, the same refusal would come for every request, and hours later. Raises
        SchemaRefusedError where it takes no schema.
        """
        self._model.reply(
            request.messages, max_tokens=DIALECT_TOKENS, schema=request.schema
        ).close()

    def check(self) -> None:
        """Raise ModelError where there is no Batch API."""
        self._call(lambda client: list(islice(client.batches.list(limit=1), 1)))

    def upload(self, filename: str, file: IO[bytes]) -> str:
        """The id of the file on the server."""
        name = (filename, file, "application/jsonl")
        return self._call(
            lambda client: _File.model_validate(client.files.create(file=name, purpose="batch")).id
        )

    def start(self, input_file: str, mark: str) -> str:
        """The id of the batch that was started. It isn't repeated: it may have been heard."""
        return self._call(
            lambda client: (
                Batch.model_validate(
                    client.with_options(max_retries=0).batches.create(
                        input_file_id=input_file,
                        endpoint=URL,
                        completion_window="24h",
                        metadata={"pincite": mark},
                    )
                ).id
            )
        )

    def find(self, input_file: str, mark: str) -> str | None:
        """The id of the batch that was started for this file."""

        def look(client: Any) -> str | None:
            for listed in islice(client.batches.list(limit=100), MAX_LISTED):
                batch = Batch.model_validate(listed)
                marked = isinstance(batch.metadata, dict) and batch.metadata.get("pincite") == mark
                if marked or batch.input_file_id == input_file:
                    return batch.id
            return None

        return self._call(look)

    def look(self, id: str) -> Batch:
        """The batch as it is now."""
        return self._call(
            lambda client: Batch.model_validate(client.batches.retrieve(id)),
            missing=f"{self._place} has no batch {id!r} under this key",
        )

    def download(self, id: str, file: IO[bytes]) -> None:
        """Write the content of a file on the server into `file`, from its beginning."""

        def read(client: Any) -> None:
            file.seek(0)
            file.truncate()
            with client.files.with_streaming_response.content(id) as response:
                for chunk in response.iter_bytes():
                    file.write(chunk)

        self._call(read, missing=f"{self._place} has no file {id!r} under this key")

    def files_named(self, prefix: str) -> list[str]:
        """The ids of uploaded files whose names begin so."""

        def look(client: Any) -> list[str]:
            listed = islice(client.files.list(purpose="batch"), MAX_LISTED)
            files = [_File.model_validate(each) for each in listed]
            return [each.id for each in files if each.filename.startswith(prefix)]

        return self._call(look)

    def delete(self, id: str) -> None:
        """Delete a file."""
        self._call(lambda client: client.files.delete(id))

    @property
    def _place(self) -> str:
        return self.at.place[0].upper() + self.at.place[1:]

    def _call(self, request: Callable[[Any], T], *, missing: str | None = None) -> T:
        import httpx2
        import openai

        from assistant.openai_failures import explain, no_host

        try:
            return request(self._model.connection.client)
        except openai.APIStatusError as error:
            if error.status_code not in _NO_SUCH_API:
                failure = explain(error, self.at)
            elif missing is None:
                failure = ModelError(
                    f"{self._place} has no Batch API: leave --openai-batch out, and the questions "
                    "are asked one by one."
                )
            else:
                failure = ModelError(
                    f"{missing}: use the key that the questions were submitted with, or delete "
                    "the file that tells of them to submit, and pay, everything anew."
                )
        except (openai.APIError, httpx2.HTTPError, ValueError, TypeError, AttributeError) as error:
            # The last two are the SDK's where the server sends something else than promised; a
            # text that can't be encoded is the name of the host.
            cannot_exist = isinstance(error, UnicodeError) and not isinstance(
                error, UnicodeDecodeError
            )
            failure = no_host(self.at) if cannot_exist else explain(error, self.at)
        # Outside of the handlers, or the SDK's error with the key in it would be its context.
        raise failure

"""Documents to answer by."""

from __future__ import annotations

from typing import Any

__all__ = ["document", "operation", "pets"]

PET = {
    "type": "object",
    "required": ["id", "name", "secret"],
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "name": {"type": "string", "minLength": 3},
        "tag": {"type": "string", "nullable": True},
        "secret": {"type": "string", "writeOnly": True},
        "parent": {"$ref": "#/components/schemas/Pet"},
    },
}


def operation(**content: Any) -> dict[str, Any]:
    return {"responses": {"200": {"description": "fine"}}, **content}


def document(paths: dict[str, Any], version: str = "3.0.3", **rest: Any) -> dict[str, Any]:
    return {"openapi": version, "info": {"title": "pets", "version": "1"}, "paths": paths, **rest}


def pets(version: str = "3.0.3") -> dict[str, Any]:
    pet = {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}
    many = {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}}}
    missing = {"application/problem+json": {"example": {"title": "no such pet"}}}
    pet_id = {"name": "petId", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 10}}
    return document(
        {
            "/pets": {
                "get": {
                    "operationId": "listPets",
                    "parameters": [limit],
                    "responses": {"200": {"description": "all", "content": many}},
                },
                "post": {
                    "operationId": "addPet",
                    "requestBody": {"required": True, "content": pet},
                    "responses": {"201": {"description": "made", "content": pet}},
                },
            },
            "/pets/{petId}": {
                "parameters": [pet_id],
                "get": {
                    "operationId": "getPet",
                    "responses": {
                        "200": {"description": "one", "content": pet},
                        "404": {"description": "none", "content": missing},
                    },
                },
                "delete": {"responses": {"204": {"description": "gone"}}},
            },
        },
        version,
        components={"schemas": {"Pet": PET}},
    )

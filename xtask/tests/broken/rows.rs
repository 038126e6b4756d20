//! One mistake a row: a change of `base.yaml`, and what is said about it.

/// A mistake.
pub struct Row {
    /// What is changed, which occurs exactly once in the right spec …
    pub from: &'static str,
    /// … and into what.
    pub to: &'static str,
    /// What the error says, from the line on.
    pub says: &'static str,
}

const fn row(from: &'static str, to: &'static str, says: &'static str) -> Row {
    Row { from, to, says }
}

pub const ROWS: &[Row] = &[
    row(
        "required: true, schema: { type: string } }",
        "required: true, schema: { type: integer } }",
        "9:60: /paths/~1v1~1notes~1{note_id}/parameters/0/schema: a path parameter must be a string",
    ),
    row(
        "openapi: 3.1.0",
        "openapi: 3.0.3",
        "1:10: /openapi: must be 3.1.x: the 3.0 document is derived from it",
    ),
    row(
        "title: Small API, ",
        "",
        "2:7: /info: `title` is missing: add it",
    ),
    row(
        "servers: [{ url: https://small.example }]",
        "servers: []",
        "3:10: /servers: at least one server is needed: it is the default base URL",
    ),
    row(
        "tags: [{ name: notes }]",
        "tags: [{ name: notes, color: red }]",
        "5:23: /tags/0/color: unknown keyword `color` in a tag: remove it, or teach it to xtask",
    ),
    row(
        "tags: [{ name: notes }]",
        "tags: [{ name: other }]",
        "11:7: /paths/~1v1~1notes~1{note_id}/get: `notes` is missing from the document's `tags`: add it",
    ),
    row(
        "security: [{ Key: [] }]",
        "x-surprise: 1\nsecurity: [{ Key: [] }]",
        "4:1: /x-surprise: unknown keyword `x-surprise` in the document: remove it, or teach it to xtask",
    ),
    row(
        "scheme: bearer",
        "scheme: basic",
        "42:49: /components/securitySchemes/Key/scheme: must be `bearer`: the SDKs authenticate with a bearer key",
    ),
    row(
        "operationId: notes.update",
        "operationId: notes.get",
        "17:20: /paths/~1v1~1notes~1{note_id}/patch/operationId: duplicate operationId `notes.get`, first on line 11: rename one",
    ),
    row(
        "operationId: notes.list",
        "operationId: listNotes",
        "24:20: /paths/~1v1~1notes/get/operationId: `listNotes` must be `<resource>.<verb>` in snake_case, such as `links.create`",
    ),
    row(
        "      operationId: notes.list\n",
        "      operationId: notes.list\n      callbacks: {}\n",
        "25:7: /paths/~1v1~1notes/get/callbacks: unknown keyword `callbacks` in an operation: remove it, or teach it to xtask",
    ),
    row(
        "      operationId: notes.list\n      tags: [notes]",
        "      operationId: notes.list\n      tags: [memos]",
        "24:7: /paths/~1v1~1notes/get: `tags` must be [notes], the resource of its operationId",
    ),
    row(
        "/v1/notes/{note_id}:",
        "/v1/notes/{id}:",
        "11:7: /paths/~1v1~1notes~1{id}/get: `{id}` in the path is not declared: add a path parameter `id`",
    ),
    row(
        "/v1/notes/{note_id}:",
        "/v1/notes/x{note_id}:",
        "11:7: /paths/~1v1~1notes~1x{note_id}/get: `x{note_id}` in the path must be text or `{name}`, not both",
    ),
    row(
        "in: path, required: true, schema",
        "in: path, schema",
        "9:9: /paths/~1v1~1notes~1{note_id}/parameters/0: a path parameter must have `required: true`",
    ),
    row(
        "{ name: cursor, in: query,",
        "{ name: cursor, in: cookie,",
        "28:31: /paths/~1v1~1notes/get/parameters/0/in: `cookie` parameters are not supported: use path, query or header",
    ),
    row(
        "{ name: cursor, in: query, schema: { type: string } }",
        "{ name: cursor, in: query, schema: { $ref: '#/components/schemas/Note' } }",
        "28:46: /paths/~1v1~1notes/get/parameters/0/schema: must be a scalar, or in a query a list of scalars, and not null",
    ),
    row(
        "{ name: color, in: query,",
        "{ name: cursor, in: query,",
        "24:7: /paths/~1v1~1notes/get: parameter `cursor` is there twice: remove one",
    ),
    row(
        "{ name: color, in: query,",
        "{ name: color, in: query, style: deepObject,",
        "29:44: /paths/~1v1~1notes/get/parameters/1/style: must be `form`, the only style that every SDK sends here",
    ),
    row(
        "{ name: color, in: query,",
        "{ name: color, in: query, x-call-option: colour,",
        "29:52: /paths/~1v1~1notes/get/parameters/1/x-call-option: `colour` is no call option of a header",
    ),
    row(
        "next: next_cursor }",
        "next: next_page }",
        "26:21: /paths/~1v1~1notes/get/x-pagination: `next_page` of the page must be a string or null",
    ),
    row(
        "cursor: cursor, next",
        "cursor: page, next",
        "26:21: /paths/~1v1~1notes/get/x-pagination: there is no query parameter `page`: add it",
    ),
    row(
        "x-pagination: { items: items,",
        "x-pagination: { items: next_cursor,",
        "26:21: /paths/~1v1~1notes/get/x-pagination: `next_cursor` of the page must be a list of models",
    ),
    row(
        "x-pagination: { items: items,",
        "x-pagination: { limit: limit, items: items,",
        "26:23: /paths/~1v1~1notes/get/x-pagination/limit: unknown keyword `limit` in x-pagination: remove it, or teach it to xtask",
    ),
    row(
        "        '404': { $ref: '#/components/responses/Missing' }",
        "        '404': { $ref: '#/components/responses/Gone' }",
        "15:24: /paths/~1v1~1notes~1{note_id}/get/responses/404/$ref: there is no components/responses/Gone: add it or correct the name",
    ),
    row(
        "        '404': { $ref: '#/components/responses/Missing' }",
        "        '202': { $ref: '#/components/responses/Note' }",
        "11:7: /paths/~1v1~1notes~1{note_id}/get: must have exactly one 2xx answer with its code, has 2",
    ),
    row(
        "        '404': { $ref: '#/components/responses/Missing' }",
        "        '404': { $ref: '#/components/responses/Note' }",
        "51:7: /components/responses/Note: an error must have exactly one media type, application/problem+json",
    ),
    row(
        "        '404': { $ref: '#/components/responses/Missing' }",
        "        40x: { $ref: '#/components/responses/Missing' }",
        "15:14: /paths/~1v1~1notes~1{note_id}/get/responses/40x: `40x` is no status: use 201, 4XX or default",
    ),
    row(
        "        '404': { $ref: '#/components/responses/Missing' }",
        "        '404': { $ref: '#/components/schemas/Problem' }",
        "15:24: /paths/~1v1~1notes~1{note_id}/get/responses/404/$ref: `#/components/schemas/Problem` must be `#/components/responses/<Name>`",
    ),
    row(
        "    NoteUpdate:\n      required: true\n",
        "    NoteUpdate:\n",
        "45:7: /components/requestBodies/NoteUpdate: must have `required: true`",
    ),
    row(
        "          schema: { $ref: '#/components/schemas/NoteUpdate' }",
        "          schema: { type: string }",
        "48:19: /components/requestBodies/NoteUpdate/content/application~1json/schema: the body must be a $ref to a model (an object with properties)",
    ),
    row(
        "      additionalProperties: false\n",
        "",
        "73:7: /components/schemas/NoteUpdate: `NoteUpdate` is sent, so unknown fields must be refused: add `additionalProperties: false`",
    ),
    row(
        "schema: { $ref: '#/components/schemas/NotePage' }",
        "schema: { $ref: '#/components/schemas/NoteUpdate' }",
        "26:21: /paths/~1v1~1notes/get/x-pagination: `items` of the page must be a list of models",
    ),
    row(
        "      x-open-enum: true\n",
        "",
        "62:7: /components/schemas/Color: answers carry this enum, so SDKs must be able to read new values: add `x-open-enum: true`",
    ),
    row(
        "enum: [red, green]",
        "enum: [red, 3]",
        "64:19: /components/schemas/Color/enum/1: must be of type string like its enum: quote or correct it",
    ),
    row(
        "enum: [red, green]",
        "enum: [red, red]",
        "64:19: /components/schemas/Color/enum/1: duplicate value \"red\": remove it",
    ),
    row(
        "enum: [red, green]",
        "enum: []",
        "64:13: /components/schemas/Color/enum: an enum needs at least one value",
    ),
    row(
        "enum: [red, green]",
        "enum: [a-b, a_b]",
        "62:7: /components/schemas/Color: the values `a-b` and `a_b` are the same in some languages: rename one",
    ),
    row(
        "enum: [red, green]",
        "enum: [red, unknown]",
        "62:7: /components/schemas/Color: `unknown` is what SDKs call a new value: name it by `x-enum-names`",
    ),
    row(
        "enum: [red, green]",
        "enum: [red, green]\n      x-enum-descriptions: { blue: Not there. }",
        "65:36: /components/schemas/Color/x-enum-descriptions/blue: `blue` is no value of this enum",
    ),
    row(
        "enum: [red, green]",
        "enum: [red, green]\n      pattern: '^r'",
        "65:7: /components/schemas/Color/pattern: unknown keyword `pattern` in a schema: remove it, or teach it to xtask",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { type: object, properties: {} }",
        "71:17: /components/schemas/Note/properties/parent: an inline object has no name: move it to components/schemas and $ref it",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { type: string, enum: [a, b] }",
        "71:39: /components/schemas/Note/properties/parent/enum: an inline enum has no name: move it to components/schemas and $ref it",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { type: [string, integer] }",
        "71:25: /components/schemas/Note/properties/parent/type: `type` must be one type, or one type and \"null\"",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { allOf: [{ $ref: '#/components/schemas/Color' }] }",
        "71:17: /components/schemas/Note/properties/parent: `allOf` is not supported here: write the model out with all its fields",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { oneOf: [{ $ref: '#/components/schemas/Color' }, { type: string }] }",
        "71:67: /components/schemas/Note/properties/parent/oneOf/1: a branch of oneOf must be a $ref to a named schema, or `type: \"null\"`",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { $ref: '#/components/schemas/Note' }",
        "71:25: /components/schemas/Note/properties/parent/$ref: `Note` contains itself: put a list between, or an id",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { $ref: 'other.yaml#/Note' }",
        "71:25: /components/schemas/Note/properties/parent/$ref: `other.yaml#/Note` must be `#/components/schemas/<Name>`",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { type: string, format: ulid }",
        "71:41: /components/schemas/Note/properties/parent/format: unknown format `ulid` of a string",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { type: string, maxLenght: 3 }",
        "71:33: /components/schemas/Note/properties/parent/maxLenght: unknown keyword `maxLenght` in a schema: remove it, or teach it to xtask",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { type: string, maxLength: -3 }",
        "71:44: /components/schemas/Note/properties/parent/maxLength: must not be negative",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { type: string, example: a }",
        "71:33: /components/schemas/Note/properties/parent/example: unknown keyword `example` in a schema: remove it, or teach it to xtask",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "secret: { type: string }",
        "71:9: /components/schemas/Note/properties/secret: `secret` looks secret: add `format: password`, so that no SDK shows it",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "extra: { type: string }",
        "71:9: /components/schemas/Note/properties/extra: `extra` is where SDKs keep unknown fields: choose another name",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "Color: { type: string }",
        "71:9: /components/schemas/Note/properties/Color: the fields `color` and `Color` are the same in some languages: rename one",
    ),
    row(
        "        id: { type: string }\n",
        "        id: { type: string }\n        id: { type: integer }\n",
        "70:9: /components/schemas/Note/properties/id: duplicate key `id`, first on line 69: remove one of them",
    ),
    row(
        "required: [id, color]",
        "required: [id, colour]",
        "67:22: /components/schemas/Note/required/1: `colour` is required but is no property: add or remove it",
    ),
    row(
        "    Problem:\n      type: object\n      properties: { title: { type: string } }",
        "    problem:\n      type: object\n      properties: { title: { type: string } }",
        "84:7: /components/schemas/problem: `problem` must be PascalCase: it becomes a type name in five languages",
    ),
    row(
        "    Color:\n",
        "    String: { type: integer }\n    Color:\n",
        "61:13: /components/schemas/String: `String` is taken in the SDKs: choose another name",
    ),
    row(
        "    Color:\n",
        "    Shade: { $ref: '#/components/schemas/Color' }\n    Color:\n",
        "61:20: /components/schemas/Shade/$ref: a named schema that is only a $ref: use the target's name instead",
    ),
    row(
        "const: note.made",
        "const: note.lost",
        "39:48: /webhooks/note.made/post/requestBody/content/application~1json/schema: the event's `type` must be `const: note.made`",
    ),
    row(
        "mapping: { note.made:",
        "mapping: { note.found:",
        "95:32: /components/schemas/Event/discriminator/mapping/note.found: `type` of `NoteMade` must be required and `const: note.found`",
    ),
    row(
        "        mapping: { note.made: '#/components/schemas/NoteMade' }",
        "        mapping: {}",
        "92:23: /components/schemas/Event/oneOf/0/$ref: `NoteMade` is missing from the mapping: add it",
    ),
    row(
        "  note.made:\n    post:",
        "  note.made:\n    put:",
        "36:5: /webhooks/note.made: `post` is missing: add it",
    ),
    row(
        "tags: [{ name: notes }]",
        "tags: &tags [{ name: notes }]",
        "5:7: /tags: YAML anchors are not supported: use $ref or repeat",
    ),
    row(
        "tags: [{ name: notes }]",
        "tags: { name: notes",
        "6:6: not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'",
    ),
    row(
        "info: {",
        "externalDocs: { url: 'https://x' }\ninfo: {",
        "2:1: /externalDocs: unknown keyword `externalDocs`",
    ),
    row(
        "title: Small API",
        "title: [Small]",
        "2:16: /info/title: must be a string, is a list",
    ),
    row(
        "tags: [{ name: notes }]",
        "tags: notes",
        "5:7: /tags: must be a list, is a string",
    ),
    row(
        "  /v1/notes:\n",
        "  v1/notes:\n",
        "24:7: /paths/v1~1notes/get: `v1/notes` must start with `/`",
    ),
    row(
        "schema: { $ref: '#/components/schemas/Color' } }",
        "required: yes, schema: { $ref: '#/components/schemas/Color' } }",
        "29:47: /paths/~1v1~1notes/get/parameters/1/required: must be true or false, is a string",
    ),
    row(
        "      operationId: notes.list\n",
        "      operationId: notes.list\n      requestBody: { $ref: '#/components/requestBodies/NoteUpdate' }\n",
        "24:7: /paths/~1v1~1notes/get: GET cannot have a body",
    ),
    row(
        "NoteUpdate:\n      required: true\n      content:\n        application/json:",
        "NoteUpdate:\n      required: true\n      content:\n        application/xml:",
        "45:7: /components/requestBodies/NoteUpdate: must have exactly one media type, application/json",
    ),
    row(
        "application/json: { schema: { $ref: '#/components/schemas/NotePage' } }",
        "text/json: { schema: { $ref: '#/components/schemas/NotePage' } }",
        "33:33: /paths/~1v1~1notes/get/responses/200/content/text~1json: a JSON answer must have exactly one media type",
    ),
    row(
        "application/json: { schema: { $ref: '#/components/schemas/NotePage' } }",
        "image/png: { schema: { type: string } }",
        "33:43: /paths/~1v1~1notes/get/responses/200/content/image~1png/schema: a body of image/png must be a string of format binary",
    ),
    row(
        "schema: { $ref: '#/components/schemas/NotePage' }",
        "schema: { oneOf: [{ $ref: '#/components/schemas/NotePage' }, { type: 'null' }] }",
        "33:50: /paths/~1v1~1notes/get/responses/200/content/application~1json/schema: the body must be a $ref to a model",
    ),
    row(
        "    Note:\n      type: object\n",
        "    Note:\n      type: object\n      additionalProperties: false\n",
        "66:7: /components/schemas/Note: `Note` is answered, so SDKs must be able to read new fields",
    ),
    row(
        "    Note:\n      type: object\n",
        "    Note:\n      type: object\n      additionalProperties: true\n",
        "67:29: /components/schemas/Note/additionalProperties: `additionalProperties: true` is the default",
    ),
    row(
        "    Note:\n      type: object\n",
        "    Note:\n      type: object\n      additionalProperties: { type: string }\n",
        "67:29: /components/schemas/Note/additionalProperties: an object has either",
    ),
    row(
        "schema: { $ref: '#/components/schemas/NoteUpdate' }",
        "schema: { $ref: '#/components/schemas/Note' }",
        "66:7: /components/schemas/Note: `Note` is both sent and answered",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { oneOf: [{ $ref: '#/components/schemas/Color' }] }",
        "71:26: /components/schemas/Note/properties/parent/oneOf: oneOf must be",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { oneOf: [{ $ref: '#/components/schemas/NoteMade' }], discriminator: { propertyName: type } }",
        "71:26: /components/schemas/Note/properties/parent/oneOf: a union must have a name",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { anyOf: [] }",
        "71:17: /components/schemas/Note/properties/parent: `anyOf` is not supported here: use oneOf",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { type: file }",
        "71:25: /components/schemas/Note/properties/parent/type: unknown type `file`",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { type: integer, format: int16 }",
        "71:42: /components/schemas/Note/properties/parent/format: unknown format `int16` of a number",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { type: integer, minimum: low }",
        "71:43: /components/schemas/Note/properties/parent/minimum: must be a number, is a string",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { type: integer, const: 3 }",
        "71:17: /components/schemas/Note/properties/parent: a constant must be a string",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "parent: { type: string, deprecated: 1 }",
        "71:45: /components/schemas/Note/properties/parent/deprecated: must be true or false",
    ),
    row(
        "parent: { type: [string, 'null'] }",
        "\"--\": { type: string }",
        "71:9: /components/schemas/Note/properties/--: `--` has no letter or digit",
    ),
    row(
        "    Color:\n",
        "    NullableColor: { type: string }\n    Color:\n",
        "61:20: /components/schemas/NullableColor: names with `Nullable`",
    ),
    row(
        "enum: [red, green]",
        "enum: [red, green]\n      x-enum-names: { red: Dark-Red }",
        "62:7: /components/schemas/Color: `Dark-Red` is no name in snake_case",
    ),
    row(
        "type: string\n      x-open-enum: true",
        "type: boolean\n      x-open-enum: true",
        "64:13: /components/schemas/Color/enum: an enum must be of type string or integer",
    ),
    row(
        "      oneOf: [{ $ref: '#/components/schemas/NoteMade' }]\n",
        "      oneOf: []\n",
        "95:31: /components/schemas/Event/discriminator/mapping/note.made: `NoteMade` is missing from oneOf",
    ),
    row(
        "content: { application/json: { schema: { $ref: '#/components/schemas/NoteMade' } } }",
        "content: {}",
        "35:3: /webhooks/note.made: a webhook needs a requestBody of application/json",
    ),
];

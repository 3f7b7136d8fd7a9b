/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Map entries as a table or as JSON. Long for one file, as the kinds of cells
 * and both ways to lay them out share the buffer they write to.
 */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 16
#define CHOICES_MAX 8

/* The longest cell: a name of 255 bytes, each as \\DDD in JSON. */
#define CELL_MAX 2048

/* Between the columns of a table. */
#define GAP 2

/* As in text.ts. */
enum column_kind {
	COLUMN_ADDRESS = 0,
	COLUMN_CLIENT = 1,
	COLUMN_NAME = 2,
	COLUMN_SECONDS = 3,
	COLUMN_CHOICE = 4,
};

struct column {
	uint32_t kind;
	uint32_t at;		/* offset, of seconds: which of the row's */
	uint32_t length_at;	/* of names: offset of their length */
	char title[32];
	uint32_t choices;
	char choice[CHOICES_MAX][32];
};

struct format {
	bool json;
	uint32_t key_size, value_size;
	uint32_t count;
	struct column columns[COLUMNS_MAX];
};

/* What is written, and in a table where each cell ends. */
struct text {
	char *bytes;
	size_t length, room;
	uint32_t *ends;
	size_t cells, cells_room;
	bool failed;
};

static bool reserve(struct text *text)
{
	void *grown;

	if (text->room - text->length < CELL_MAX) {
		text->room = text->room ? text->room * 2 : 1 << 20;
		grown = realloc(text->bytes, text->room);
		text->failed |= !grown;
		if (!grown)
			return false;
		text->bytes = grown;
	}
	if (text->cells == text->cells_room) {
		text->cells_room = text->cells_room * 2 + 1024;
		grown = realloc(text->ends,
				text->cells_room * sizeof(*text->ends));
		text->failed |= !grown;
		if (!grown)
			return false;
		text->ends = grown;
	}
	return true;
}

static void put(struct text *text, char byte)
{
	text->bytes[text->length++] = byte;
}

static void put_string(struct text *text, const char *string)
{
	size_t length = strlen(string);

	memcpy(text->bytes + text->length, string, length);
	text->length += length;
}

static void put_number(struct text *text, uint32_t number)
{
	char digits[10];
	int count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while (number /= 10);
	while (count)
		put(text, digits[--count]);
}

/* At least `digits` of up to four. */
static void put_hex(struct text *text, unsigned int number, int digits)
{
	int i;

	while (digits < 4 && number >> 4 * digits)
		digits++;
	for (i = digits - 1; i >= 0; i--)
		put(text, "0123456789abcdef"[number >> 4 * i & 0xf]);
}

/* RFC 5952, IPv4 without ::ffff:. */
static void put_address(struct text *text, const uint8_t *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	int gap = -1, longest = 1, run = 0, i;

	if (!memcmp(address, mapped, sizeof(mapped))) {
		for (i = 12; i < 16; i++) {
			if (i > 12)
				put(text, '.');
			put_number(text, address[i]);
		}
		return;
	}
	/* §4.2: the longest run of two or more zero groups, the first of equals */
	for (i = 0; i < 8; i++) {
		run = address[2 * i] || address[2 * i + 1] ? 0 : run + 1;
		if (run > longest) {
			longest = run;
			gap = i + 1 - run;
		}
	}
	for (i = 0; i < 8; i++) {
		if (i == gap) {
			i += longest - 1;
			put_string(text, i == 7 ? "::" : ":");
			continue;
		}
		if (i)
			put(text, ':');
		put_hex(text, address[2 * i] << 8 | address[2 * i + 1], 1);
	}
}

/* A MAC address (100::MAC) or an address. */
static void put_client(struct text *text, const uint8_t *client)
{
	static const uint8_t mac[10] = { 0x01 };
	int i;

	if (memcmp(client, mac, sizeof(mac))) {
		put_address(text, client);
		return;
	}
	for (i = 10; i < 16; i++) {
		if (i > 10)
			put(text, ':');
		put_hex(text, client[i], 2);
	}
}

/* A byte of a name (RFC 1035 §5.1, RFC 4343 §2.1). */
static void put_name_byte(struct text *text, uint8_t byte, bool json)
{
	const char *escape = json ? "\\\\" : "\\";

	if (byte == '.' || byte == '\\') {
		put_string(text, escape);
		put_string(text, byte == '.' ? "." : escape);
	} else if (byte <= 0x20 || byte >= 0x7f) {
		put_string(text, escape);
		put(text, (char)('0' + byte / 100));
		put(text, (char)('0' + byte / 10 % 10));
		put(text, (char)('0' + byte % 10));
	} else {
		if (json && byte == '"')
			put(text, '\\');
		put(text, (char)byte);
	}
}

/* A name in wire form, up to its root. */
static void put_name(struct text *text, const uint8_t *name, size_t length,
		     bool json)
{
	size_t at = 0, end;

	while (at < length && name[at]) {
		end = at + 1 + name[at];
		if (end > length)
			end = length;
		if (at)
			put(text, '.');
		while (++at < end)
			put_name_byte(text, name[at], json);
	}
	if (!at)
		put(text, '.');
}

/* 59s, 12m, 3h, 2d. */
static void put_duration(struct text *text, uint32_t seconds)
{
	static const struct {
		uint32_t below, unit;
		char name;
	} units[] = {
		{ 120, 1, 's' },
		{ 7200, 60, 'm' },
		{ 172800, 3600, 'h' },
		{ UINT32_MAX, 86400, 'd' },
	};
	int i = 0;

	while (seconds >= units[i].below)
		i++;
	put_number(text, (seconds + units[i].unit / 2) / units[i].unit);
	put(text, units[i].name);
}

struct row {
	const uint8_t *key, *value;
	const uint32_t *seconds;
};

static void put_cell(struct text *text, const struct format *format,
		     const struct column *column, const struct row *row)
{
	static const uint8_t any[16];
	const uint8_t *address = row->key + column->at;
	uint32_t length, choice;
	bool quoted = format->json && column->kind != COLUMN_SECONDS;

	if (column->kind == COLUMN_CLIENT &&
	    !memcmp(address, any, sizeof(any))) {
		put_string(text, column->choice[0]);
		return;
	}
	if (quoted)
		put(text, '"');
	switch (column->kind) {
	case COLUMN_ADDRESS:
		put_address(text, address);
		break;
	case COLUMN_CLIENT:
		put_client(text, address);
		break;
	case COLUMN_NAME:
		length = row->value[column->length_at] |
			 row->value[column->length_at + 1] << 8;
		if (length > format->value_size - column->at)
			length = format->value_size - column->at;
		put_name(text, row->value + column->at, length < 256 ? length : 255,
			 format->json);
		break;
	case COLUMN_SECONDS:
		if (format->json)
			put_number(text, row->seconds[column->at]);
		else
			put_duration(text, row->seconds[column->at]);
		break;
	default:
		/* of a schema that is newer: the first */
		choice = row->value[column->at];
		put_string(text, column->choice[choice < column->choices ?
							choice :
							0]);
	}
	if (quoted)
		put(text, '"');
}

static bool put_row(struct text *text, const struct format *format,
		    const struct row *row)
{
	uint32_t i;

	for (i = 0; i < format->count; i++) {
		if (!reserve(text))
			return false;
		if (format->json) {
			put_string(text, i ? ",\"" : text->cells ? ",{\"" : "{\"");
			put_string(text, format->columns[i].title);
			put_string(text, "\":");
		}
		put_cell(text, format, &format->columns[i], row);
		if (format->json && i + 1 == format->count)
			put(text, '}');
		text->ends[text->cells++] = (uint32_t)text->length;
	}
	return true;
}

/* Columns as wide as their widest cell; nothing follows the last one. */
static bool align(struct text *text, const struct format *format)
{
	uint32_t columns = format->count, width[COLUMNS_MAX] = { 0 }, start, i;
	struct text out = { 0 };
	size_t cell, line = 1;

	for (cell = start = 0; cell < text->cells; cell++) {
		i = (uint32_t)(cell % columns);
		if (text->ends[cell] - start > width[i])
			width[i] = text->ends[cell] - start;
		start = text->ends[cell];
	}
	for (i = 0; i < columns; i++)
		line += width[i] += GAP;
	out.bytes = malloc(text->cells / columns * line);
	if (!out.bytes)
		return false;
	for (cell = start = 0; cell < text->cells; cell++) {
		uint32_t length = text->ends[cell] - start;
		char *to = out.bytes + out.length;

		i = (uint32_t)(cell % columns);
		memcpy(to, text->bytes + start, length);
		if (i + 1 < columns) {
			memset(to + length, ' ', width[i] - length);
			out.length += width[i];
		} else {
			to[length] = '\n';
			out.length += length + 1;
		}
		start = text->ends[cell];
	}
	free(text->bytes);
	text->bytes = out.bytes;
	text->length = out.length;
	return true;
}

static napi_value element(napi_env env, napi_value array, uint32_t index)
{
	napi_value value = NULL;

	napi_get_element(env, array, index, &value);
	return value;
}

/* [title, kind, at, lengthAt, choices], within what entries have. */
static bool get_column(napi_env env, napi_value value, struct format *format)
{
	struct column *column = &format->columns[format->count];
	napi_value choices = element(env, value, 4);
	uint32_t i, end;

	if (!get_string(env, element(env, value, 0), "title", column->title,
			sizeof(column->title)) ||
	    !get_u32(env, element(env, value, 1), "kind", &column->kind) ||
	    !get_u32(env, element(env, value, 2), "at", &column->at) ||
	    !get_u32(env, element(env, value, 3), "lengthAt",
		     &column->length_at) ||
	    !get_length(env, choices, "choices", &column->choices))
		return false;
	for (i = 0; i < column->choices && i < CHOICES_MAX; i++)
		if (!get_string(env, element(env, choices, i), "choice",
				column->choice[i], sizeof(column->choice[i])))
			return false;
	end = column->kind == COLUMN_SECONDS ? 2 :
	      column->kind <= COLUMN_CLIENT  ? format->key_size - 15 :
					       format->value_size;
	if (column->kind <= COLUMN_CHOICE && column->choices <= CHOICES_MAX &&
	    format->key_size >= 16 && column->at < end &&
	    column->length_at + 2ULL <= format->value_size) {
		format->count++;
		return true;
	}
	throw_type(env, "column '%s' is not within the entries", column->title);
	return false;
}

/* [keys, values, rows]: of each row three numbers, its index and seconds. */
static bool put_part(napi_env env, napi_value part, struct text *text,
		     const struct format *format)
{
	size_t keys_length, values_length, rows_length, i;
	uint8_t *keys, *values, *rows;
	uint32_t numbers[3];
	struct row row = { .seconds = numbers + 1 };
	/* All first: a getter could take the bytes of the one before away. */
	napi_value elements[] = {
		element(env, part, 0),
		element(env, part, 1),
		element(env, part, 2),
	};

	if (!get_bytes(env, elements[0], "keys", &keys, &keys_length) ||
	    !get_bytes(env, elements[1], "values", &values, &values_length) ||
	    !get_bytes(env, elements[2], "rows", &rows, &rows_length))
		return false;
	for (i = 0; i + sizeof(numbers) <= rows_length; i += sizeof(numbers)) {
		memcpy(numbers, rows + i, sizeof(numbers));
		if (numbers[0] >= keys_length / format->key_size ||
		    numbers[0] >= values_length / format->value_size) {
			throw_type(env, "row %u is not among the entries",
				   numbers[0]);
			return false;
		}
		row.key = keys + (size_t)numbers[0] * format->key_size;
		row.value = values + (size_t)numbers[0] * format->value_size;
		if (!put_row(text, format, &row))
			return false;
	}
	return true;
}

/* formatEntries(json, keySize, valueSize, columns, parts) → text */
static napi_value format_entries(napi_env env, napi_callback_info info)
{
	struct format format = { 0 };
	struct text text = { 0 };
	napi_value result = NULL;
	uint32_t columns, parts, i;
	bool done;

	ARGUMENTS(5);
	if (!get_bool(env, argv[0], "json", &format.json) ||
	    !get_u32(env, argv[1], "keySize", &format.key_size) ||
	    !get_u32(env, argv[2], "valueSize", &format.value_size) ||
	    !get_length(env, argv[3], "columns", &columns) ||
	    !get_length(env, argv[4], "parts", &parts))
		return NULL;
	if (!columns || columns > COLUMNS_MAX)
		return throw_type(env, "columns must be 1 to %d", COLUMNS_MAX);
	for (i = 0; i < columns; i++)
		if (!get_column(env, element(env, argv[3], i), &format))
			return NULL;
	done = reserve(&text);
	if (done && format.json)
		put(&text, '[');
	for (i = 0; done && !format.json && i < columns; i++) {
		put_string(&text, format.columns[i].title);
		text.ends[text.cells++] = (uint32_t)text.length;
	}
	for (i = 0; done && i < parts; i++)
		done = put_part(env, element(env, argv[4], i), &text, &format);
	if (done && format.json)
		put(&text, ']');
	else if (done)
		done = align(&text, &format) || (text.failed = true, false);
	if (done)
		napi_create_string_latin1(env, text.bytes, text.length,
					  &result);
	else if (text.failed)
		throw_type(env, "there is no memory for the text");
	free(text.bytes);
	free(text.ends);
	return result;
}

void text_init(napi_env env, napi_value exports)
{
	static const struct function functions[] = {
		{ "formatEntries", format_entries },
	};

	ADD_FUNCTIONS(functions);
}

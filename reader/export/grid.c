/* SPDX-License-Identifier: MIT */
#include "reader/export/grid.h"

#include <stdlib.h>
#include <string.h>

#define GAP 2u
#define INDENT 2u
#define LABEL_COLUMNS_MAX 56u
#define LABEL_COLUMNS_MIN 12u
#define LABEL_LINES_MAX 4u
#define CUT "..."
#define WIDTH_MIN 24u /* below, nothing could be read anyhow */

/* ---- columns ----------------------------------------------------------- */

/* Ranges of characters that take no column, or two. */
static const struct {
	uint32_t first, last, columns;
} widths[] = {
	{ 0x0300, 0x036f, 0 }, { 0x0483, 0x0489, 0 }, { 0x0591, 0x05bd, 0 },
	{ 0x064b, 0x065f, 0 }, { 0x1100, 0x115f, 2 }, { 0x1ab0, 0x1aff, 0 },
	{ 0x1dc0, 0x1dff, 0 }, { 0x20d0, 0x20ff, 0 }, { 0x2e80, 0x303e, 2 },
	{ 0x3041, 0xa4cf, 2 }, { 0xac00, 0xd7a3, 2 }, { 0xf900, 0xfaff, 2 },
	{ 0xfe00, 0xfe0f, 0 }, { 0xfe20, 0xfe2f, 0 }, { 0xfe30, 0xfe6f, 2 },
	{ 0xff00, 0xff60, 2 }, { 0xffe0, 0xffe6, 2 }, { 0x1f300, 0x1f64f, 2 },
	{ 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 },
};

/* The bytes of the character at text, which is sound UTF-8, and its columns. */
static size_t
character(const char *text, uint32_t *columns)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t step = c[0] < 0x80 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
	uint32_t point = step == 1 ? c[0] : c[0] & (0x7fu >> step);
	size_t i;

	for (i = 1; i < step && c[i] != '\0'; i++)
		point = point << 6 | (c[i] & 0x3fu);
	*columns = 1;
	for (i = 0; step > 1 && i < sizeof(widths) / sizeof(widths[0]); i++)
		if (point >= widths[i].first && point <= widths[i].last)
			*columns = widths[i].columns;
	return step;
}

uint32_t
kyi_columns(const char *text, size_t len_bytes)
{
	uint32_t all = 0, columns;
	size_t i = 0;

	while (i < len_bytes) {
		i += character(text + i, &columns);
		all += columns;
	}
	return all;
}

/* ---- filling ----------------------------------------------------------- */

/* at with room for one element more; NULL: no memory, and at is as it was. */
static void *
room(void *at, size_t *room_cnt, size_t cnt, size_t bytes)
{
	size_t more = *room_cnt == 0 ? 64 : *room_cnt * 2;

	if (cnt < *room_cnt)
		return at;
	at = realloc(at, more * bytes);
	if (at != NULL)
		*room_cnt = more;
	return at;
}

/* The columns of the cell that was being filled. */
static void
cell_end(struct kyi_grid *grid)
{
	struct kyi_grid_cell *cell;

	if (grid->failed || grid->text.failed || grid->cell_cnt == 0)
		return;
	cell = &grid->cells[grid->cell_cnt - 1];
	if (grid->text.len_bytes > cell->off_bytes)
		cell->columns = kyi_columns(grid->text.at + cell->off_bytes,
		    grid->text.len_bytes - cell->off_bytes);
}

void
kyi_grid_cell(struct kyi_grid *grid)
{
	struct kyi_grid_cell *cells;

	cell_end(grid);
	if (grid->failed || grid->row_cnt == 0)
		return;
	cells = room(grid->cells, &grid->cell_room, grid->cell_cnt,
	    sizeof(cells[0]));
	if (cells == NULL) {
		grid->failed = true;
		return;
	}
	grid->cells = cells;
	cells[grid->cell_cnt++] = (struct kyi_grid_cell){
		.off_bytes = grid->text.len_bytes };
	grid->rows[grid->row_cnt - 1].cell_cnt++;
}

void
kyi_grid_row(struct kyi_grid *grid, uint8_t class_idx)
{
	struct kyi_grid_row *rows;

	if (grid->failed)
		return;
	rows = room(grid->rows, &grid->row_room, grid->row_cnt,
	    sizeof(rows[0]));
	if (rows == NULL) {
		grid->failed = true;
		return;
	}
	grid->rows = rows;
	rows[grid->row_cnt++] = (struct kyi_grid_row){
		.first_cell = grid->cell_cnt,
		.class_idx = class_idx };
}

void
kyi_grid_line(struct kyi_grid *grid)
{
	kyi_grid_row(grid, KYI_GRID_CLASS_MAX);
	kyi_grid_cell(grid);
}

/* ---- printing ---------------------------------------------------------- */

struct printer {
	const struct kyi_grid *grid;
	struct kymo_buffer *to;
	uint32_t width; /* UINT32_MAX: no bound */
	struct shape {
		uint32_t columns[KYI_GRID_CELL_MAX];
		uint32_t values; /* columns of all but the label, with gaps */
		uint32_t label;  /* where labels end; wider ones have a line */
		bool wrapped;    /* not even the values fit */
	} shapes[KYI_GRID_CLASS_MAX];
};

static const char *
cell_text(const struct kyi_grid *grid, size_t idx, size_t *len_bytes)
{
	size_t end = idx + 1 < grid->cell_cnt ?
	    grid->cells[idx + 1].off_bytes : grid->text.len_bytes;

	*len_bytes = end - grid->cells[idx].off_bytes;
	return *len_bytes == 0 ? "" :
	    grid->text.at + grid->cells[idx].off_bytes;
}

static void
spaces(struct kymo_buffer *to, uint32_t cnt)
{
	static const char blank[] = "                                ";

	for (; cnt > sizeof(blank) - 1; cnt -= sizeof(blank) - 1)
		kymo_buffer_add(to, blank, sizeof(blank) - 1);
	kymo_buffer_add(to, blank, cnt);
}

/* text in at most room columns. */
static void
cut(struct kymo_buffer *to, const char *text, size_t len_bytes,
    uint32_t columns, uint32_t room_columns)
{
	uint32_t used = 0, step_columns;
	size_t i = 0, step;

	if (columns <= room_columns) {
		kymo_buffer_add(to, text, len_bytes);
		return;
	}
	if (room_columns < sizeof(CUT))
		return;
	room_columns -= sizeof(CUT) - 1;
	while (i < len_bytes) {
		step = character(text + i, &step_columns);
		if (used + step_columns > room_columns)
			break;
		used += step_columns;
		i += step;
	}
	kymo_buffer_add(to, text, i);
	kymo_buffer_str(to, CUT);
}

static void
cell_cut(struct printer *printer, size_t idx, uint32_t room_columns)
{
	size_t len_bytes;
	const char *text = cell_text(printer->grid, idx, &len_bytes);

	cut(printer->to, text, len_bytes, printer->grid->cells[idx].columns,
	    room_columns);
}

/* How much of text goes into a line of room columns: up to a space in its
   second half, else as much as fits. */
static size_t
line_bytes(const char *text, size_t len_bytes, uint32_t room_columns)
{
	uint32_t used = 0, columns;
	size_t i = 0, step, space = 0;

	while (i < len_bytes) {
		step = character(text + i, &columns);
		if (used + columns > room_columns)
			break;
		used += columns;
		i += step;
		if (text[i - 1] == ' ' && used * 2 > room_columns)
			space = i;
	}
	if (i == len_bytes)
		return len_bytes;
	return space > 0 ? space : i > 0 ? i : step;
}

/* No line ends in spaces. */
static void
newline(struct kymo_buffer *to)
{
	while (!to->failed && to->len_bytes > 0 &&
	    to->at[to->len_bytes - 1] == ' ')
		to->len_bytes--;
	kymo_buffer_char(to, '\n');
}

/* Columns from from to the end are left: for a last column of text. */
static void
value_cell(struct printer *printer, const struct kyi_grid_class *class,
    const struct shape *shape, size_t idx, uint32_t i, uint32_t *at)
{
	uint32_t columns = printer->grid->cells[idx].columns;
	uint32_t wide = shape->columns[i], left = printer->width - *at;

	if (wide > left)
		wide = left;
	if (columns > wide)
		columns = wide;
	if ((class->left >> i & 1) == 0)
		spaces(printer->to, wide - columns);
	cell_cut(printer, idx, wide);
	if ((class->left >> i & 1) != 0 && i + 1 < class->cell_cnt)
		spaces(printer->to, wide - columns);
	*at += wide;
}

static void
values_aligned(struct printer *printer, const struct kyi_grid_row *row,
    const struct kyi_grid_class *class, const struct shape *shape, uint32_t at)
{
	uint32_t i;

	for (i = 1; i < row->cell_cnt; i++) {
		if (shape->columns[i] == 0)
			continue;
		spaces(printer->to, GAP);
		at += GAP;
		value_cell(printer, class, shape, row->first_cell + i, i, &at);
	}
	newline(printer->to);
}

/* title value  title value, from column INDENT + GAP on. */
static void
values_wrapped(struct printer *printer, const struct kyi_grid_row *row,
    const struct kyi_grid_class *class)
{
	const uint32_t start = INDENT + GAP;
	uint32_t at = 0, i;

	for (i = 1; i < row->cell_cnt; i++) {
		size_t idx = row->first_cell + i;
		uint32_t title = (uint32_t)strlen(class->titles[i]);
		uint32_t need = printer->grid->cells[idx].columns + title +
		    (title > 0);

		if (printer->grid->cells[idx].columns == 0)
			continue;
		if (at > start && at + GAP + need > printer->width) {
			newline(printer->to);
			at = 0;
		}
		spaces(printer->to, at == 0 ? start : GAP);
		at += at == 0 ? start : GAP;
		kymo_buffer_str(printer->to, class->titles[i]);
		if (title > 0)
			kymo_buffer_char(printer->to, ' ');
		cell_cut(printer, idx, printer->width > at + title + 1 ?
		    printer->width - at - title - (title > 0) : 0);
		at += need;
	}
	newline(printer->to);
}

/* A label in as many lines as it takes, but not too many; the last is not
   ended. */
static void
label_print(struct printer *printer, size_t idx)
{
	size_t len_bytes, step;
	const char *text = cell_text(printer->grid, idx, &len_bytes);
	uint32_t room_columns = printer->width - INDENT, i;

	for (i = 0; len_bytes > 0; i++) {
		spaces(printer->to, INDENT);
		if (i + 1 == LABEL_LINES_MAX) {
			cut(printer->to, text, len_bytes,
			    kyi_columns(text, len_bytes), room_columns);
			return;
		}
		step = line_bytes(text, len_bytes, room_columns);
		kymo_buffer_add(printer->to, text, step);
		text += step;
		len_bytes -= step;
		if (len_bytes > 0)
			newline(printer->to);
	}
}

/* A row of a label and words: both are shown in full if two lines can. */
static bool
words_fit(const struct printer *printer, const struct kyi_grid_row *row,
    const struct kyi_grid_class *class, uint32_t label)
{
	if (row->cell_cnt != 2 || (class->left >> 1 & 1) == 0)
		return true;
	return (uint64_t)INDENT + label + GAP +
	    printer->grid->cells[row->first_cell + 1].columns <=
	    printer->width;
}

static void
row_print(struct printer *printer, const struct kyi_grid_row *row)
{
	const struct kyi_grid_class *class =
	    &printer->grid->classes[row->class_idx];
	const struct shape *shape = &printer->shapes[row->class_idx];
	uint32_t columns = printer->grid->cells[row->first_cell].columns;
	uint32_t start = INDENT + shape->label;

	label_print(printer, row->first_cell);
	if (!shape->wrapped && columns <= shape->label &&
	    words_fit(printer, row, class, shape->label))
		spaces(printer->to, shape->label - columns +
		    (columns > 0 ? 0 : INDENT));
	else {
		if (columns > 0)
			newline(printer->to);
		if (shape->wrapped) {
			values_wrapped(printer, row, class);
			return;
		}
		if (!words_fit(printer, row, class, shape->label))
			start = INDENT;
		spaces(printer->to, start);
	}
	values_aligned(printer, row, class, shape, start);
}

static void
titles_print(struct printer *printer, const struct kyi_grid_row *row)
{
	const struct kyi_grid_class *class =
	    &printer->grid->classes[row->class_idx];
	const struct shape *shape = &printer->shapes[row->class_idx];
	uint32_t i, columns;

	if (shape->wrapped)
		return;
	spaces(printer->to, INDENT + shape->label);
	for (i = 1; i < class->cell_cnt; i++) {
		if (shape->columns[i] == 0)
			continue;
		spaces(printer->to, GAP);
		columns = (uint32_t)strlen(class->titles[i]);
		if ((class->left >> i & 1) == 0)
			spaces(printer->to, shape->columns[i] - columns);
		kymo_buffer_str(printer->to, class->titles[i]);
		if ((class->left >> i & 1) != 0)
			spaces(printer->to, shape->columns[i] - columns);
	}
	newline(printer->to);
}

/* ---- shapes ------------------------------------------------------------ */

static void
shapes_measure(struct printer *printer)
{
	const struct kyi_grid *grid = printer->grid;
	size_t i;
	uint32_t j;

	for (i = 0; i < grid->row_cnt; i++) {
		const struct kyi_grid_row *row = &grid->rows[i];
		struct shape *shape = &printer->shapes[row->class_idx];

		if (row->class_idx == KYI_GRID_CLASS_MAX)
			continue;
		for (j = 0; j < row->cell_cnt; j++) {
			uint32_t columns = grid->cells[row->first_cell + j].
			    columns;

			if (columns > shape->columns[j])
				shape->columns[j] = columns;
		}
	}
}

static void
shape_choose(struct printer *printer, const struct kyi_grid_class *class,
    struct shape *shape)
{
	uint32_t i, title, room_columns;

	for (i = 1; i < class->cell_cnt; i++) {
		title = class->headed ? (uint32_t)strlen(class->titles[i]) : 0;
		if (shape->columns[i] == 0)
			continue;
		if (shape->columns[i] < title)
			shape->columns[i] = title;
		/* A last column of text may be cut. */
		if (i + 1 == class->cell_cnt && (class->left >> i & 1) != 0)
			shape->values += GAP + (shape->columns[i] < 20 ?
			    shape->columns[i] : 20);
		else
			shape->values += GAP + shape->columns[i];
	}
	shape->label = shape->columns[0] < LABEL_COLUMNS_MAX ?
	    shape->columns[0] : LABEL_COLUMNS_MAX;
	if (INDENT + shape->values > printer->width) {
		shape->wrapped = true;
		return;
	}
	room_columns = printer->width - INDENT - shape->values;
	if (room_columns >= shape->label)
		return;
	shape->label = room_columns >= LABEL_COLUMNS_MIN ? room_columns :
	    room_columns < GAP ? room_columns : GAP;
}

void
kyi_grid_end(struct kyi_grid *grid, struct kymo_buffer *buffer, uint32_t width)
{
	struct printer printer = { .grid = grid, .to = buffer,
	    .width = width == 0 ? UINT32_MAX :
	    width < WIDTH_MIN ? WIDTH_MIN : width };
	bool fresh = true;
	size_t i;

	cell_end(grid);
	if (grid->failed || grid->text.failed) {
		buffer->failed = true;
		goto out;
	}
	shapes_measure(&printer);
	for (i = 0; i < KYI_GRID_CLASS_MAX; i++)
		if (grid->classes[i].cell_cnt > 0)
			shape_choose(&printer, &grid->classes[i],
			    &printer.shapes[i]);
	for (i = 0; i < grid->row_cnt; i++) {
		const struct kyi_grid_row *row = &grid->rows[i];

		if (row->class_idx == KYI_GRID_CLASS_MAX) {
			cell_cut(&printer, row->first_cell, printer.width);
			newline(buffer);
			fresh = true;
			continue;
		}
		if (fresh && grid->classes[row->class_idx].headed)
			titles_print(&printer, row);
		fresh = false;
		row_print(&printer, row);
	}
out:
	kymo_buffer_free(&grid->text);
	free(grid->cells);
	free(grid->rows);
	memset(grid, 0, sizeof(*grid));
}

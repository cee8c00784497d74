/* SPDX-License-Identifier: MIT */
/* Rows for a terminal. Rows of one class share their columns' widths over the
   whole grid, so that numbers stand under each other. A row is

     a line           text, cut at the width
     a row            a label cell on the left, then cells of its class

   A label that is too long has a line of its own above its cells; where not
   even the cells fit, they follow each other with their titles, wrapped.

   Text of cells must be printable (kymo_escape_terminal). */
#ifndef KYI_EXPORT_GRID_H
#define KYI_EXPORT_GRID_H

#include "reader/buffer.h"

#define KYI_GRID_CELL_MAX 10u /* in a row, label included */
#define KYI_GRID_CLASS_MAX 4u

struct kyi_grid_cell {
	size_t off_bytes; /* in text; the next cell's is its end */
	uint32_t columns;
};

struct kyi_grid_row {
	size_t first_cell;
	uint8_t cell_cnt;
	uint8_t class_idx; /* KYI_GRID_CLASS_MAX: a line */
};

struct kyi_grid_class {
	/* Titles of all cells; titles[0] is the label's and "" mostly. */
	const char *const *titles;
	uint32_t cell_cnt;
	uint32_t left; /* bit i: cell i is text, on the left of its column */
	bool headed;   /* titles stand above after each line */
};

struct kyi_grid {
	const struct kyi_grid_class *classes;
	struct kymo_buffer text;
	struct kyi_grid_cell *cells;
	struct kyi_grid_row *rows;
	size_t cell_cnt, cell_room, row_cnt, row_room;
	bool failed;
};

/* Begin a line or a row, then each of its cells; what is added to grid->text
   after kyi_grid_cell is that cell's. A line has one cell, begun by itself. */
void kyi_grid_line(struct kyi_grid *grid);
void kyi_grid_row(struct kyi_grid *grid, uint8_t class_idx);
void kyi_grid_cell(struct kyi_grid *grid);

/* Prints all, at most width columns (0: no bound), and frees the grid. */
void kyi_grid_end(struct kyi_grid *grid, struct kymo_buffer *buffer,
    uint32_t width);

/* Columns that UTF-8 text takes in a terminal. */
uint32_t kyi_columns(const char *text, size_t len_bytes);

#endif

/**
 * Changes whenever the same logs give other tables: other columns, other names, other values. Tables and parts of tables of
 * another form are made again, also those of a program with the same version.
 */
export const TABLES_FORM = 4;

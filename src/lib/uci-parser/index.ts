/** Reads, edits and writes UCI files as libuci does. Self-contained; see README.md. */
export {
  addList,
  addSection,
  deleteFromList,
  deleteOption,
  deleteSection,
  emptyPackage,
  findSection,
  renameOption,
  renameSection,
  reorderSection,
  setOption,
  setSection,
  UciEditError,
} from './edit.ts';
export { packagePath, readPackage, writePackage } from './file.ts';
export { formatUci } from './format.ts';
export {
  isUciName,
  isUciType,
  UciSyntaxError,
  type UciPackage,
  type UciSection,
  type UciValue,
} from './package.ts';
export { parseUci } from './parse.ts';

// SPDX-License-Identifier: Apache-2.0
// A shared library must have a source of its own; all of libunmask's are in archives.

/** The viewer's version, stored with each reading. Raise it with every change a reader could notice. */
export const VIEWER_VERSION = "0.3.0";

/** Large photos made smaller in the browser; what it cannot decode travels as it is. */

import { fitInto, LONGEST_SIDE, worthShrinking } from "./rules";

const QUALITY = 0.86;

export async function shrunk(file: Blob): Promise<Blob> {
  if (!worthShrinking(file.type, file.size)) return file;
  const url = URL.createObjectURL(file);
  try {
    const smaller = await drawn(await decoded(url));
    return smaller !== null && smaller.size < file.size ? smaller : file;
  } catch {
    return file; // the desk says what is wrong with it
  } finally {
    URL.revokeObjectURL(url);
  }
}

function decoded(url: string): Promise<HTMLImageElement> {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error("not decodable"));
    image.src = url;
  });
}

function drawn(image: HTMLImageElement): Promise<Blob | null> {
  const { width, height } = fitInto(image.naturalWidth, image.naturalHeight, LONGEST_SIDE);
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (context === null) return Promise.resolve(null);
  context.fillStyle = "#fff"; // what is transparent would turn black
  context.fillRect(0, 0, width, height);
  context.drawImage(image, 0, 0, width, height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}

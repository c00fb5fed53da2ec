"""The functions of `tf.image`, on NumPy arrays."""

from __future__ import annotations

from typing import Any

from feedline.errors import no_such_name
from feedline.image.adjust import adjust_brightness, adjust_contrast, adjust_gamma, adjust_hue, adjust_saturation
from feedline.image.colorspace import (
    grayscale_to_rgb,
    hsv_to_rgb,
    rgb_to_grayscale,
    rgb_to_hsv,
    rgb_to_yiq,
    rgb_to_yuv,
    yiq_to_rgb,
    yuv_to_rgb,
)
from feedline.image.convert_image_dtype import convert_image_dtype
from feedline.image.crop import (
    central_crop,
    crop_to_bounding_box,
    pad_to_bounding_box,
    random_crop,
    resize_with_crop_or_pad,
    resize_with_pad,
    stateless_random_crop,
)
from feedline.image.crop_and_resize import crop_and_resize
from feedline.image.draw_bounding_boxes import draw_bounding_boxes
from feedline.image.extract_patches import extract_patches
from feedline.image.flip import (
    flip_left_right,
    flip_up_down,
    random_flip_left_right,
    random_flip_up_down,
    rot90,
    stateless_random_flip_left_right,
    stateless_random_flip_up_down,
    transpose,
)
from feedline.image.jpeg_quality import adjust_jpeg_quality, random_jpeg_quality, stateless_random_jpeg_quality
from feedline.image.measure import image_gradients, psnr, sobel_edges, ssim, total_variation
from feedline.image.per_image_standardization import per_image_standardization
from feedline.image.random_adjust import (
    random_brightness,
    random_contrast,
    random_hue,
    random_saturation,
    stateless_random_brightness,
    stateless_random_contrast,
    stateless_random_hue,
    stateless_random_saturation,
)
from feedline.image.resize import ResizeMethod, resize
from feedline.image.sample_distorted_bounding_box import (
    sample_distorted_bounding_box,
    stateless_sample_distorted_bounding_box,
)
from feedline.io.decode_bmp import decode_bmp
from feedline.io.decode_gif import decode_gif
from feedline.io.decode_image import decode_image
from feedline.io.decode_jpeg import decode_and_crop_jpeg, decode_jpeg, extract_jpeg_shape, is_jpeg
from feedline.io.decode_png import decode_png
from feedline.io.decode_webp import decode_webp
from feedline.io.encode_jpeg import encode_jpeg
from feedline.io.encode_png import encode_png

__all__ = [
    "ResizeMethod",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_jpeg_quality",
    "adjust_saturation",
    "central_crop",
    "convert_image_dtype",
    "crop_and_resize",
    "crop_to_bounding_box",
    "decode_and_crop_jpeg",
    "decode_bmp",
    "decode_gif",
    "decode_image",
    "decode_jpeg",
    "decode_png",
    "decode_webp",
    "draw_bounding_boxes",
    "encode_jpeg",
    "encode_png",
    "extract_jpeg_shape",
    "extract_patches",
    "flip_left_right",
    "flip_up_down",
    "grayscale_to_rgb",
    "hsv_to_rgb",
    "image_gradients",
    "is_jpeg",
    "pad_to_bounding_box",
    "per_image_standardization",
    "psnr",
    "random_brightness",
    "random_contrast",
    "random_crop",
    "random_flip_left_right",
    "random_flip_up_down",
    "random_hue",
    "random_jpeg_quality",
    "random_saturation",
    "resize",
    "resize_with_crop_or_pad",
    "resize_with_pad",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "rgb_to_yiq",
    "rgb_to_yuv",
    "rot90",
    "sample_distorted_bounding_box",
    "sobel_edges",
    "ssim",
    "stateless_random_brightness",
    "stateless_random_contrast",
    "stateless_random_crop",
    "stateless_random_flip_left_right",
    "stateless_random_flip_up_down",
    "stateless_random_hue",
    "stateless_random_jpeg_quality",
    "stateless_random_saturation",
    "stateless_sample_distorted_bounding_box",
    "total_variation",
    "transpose",
    "yiq_to_rgb",
    "yuv_to_rgb",
]

INSTEAD = {
    "combined_non_max_suppression": "use cv2.dnn.NMSBoxesBatched in a function given to map",
    "decode_jxl": "convert the files to PNG or JPEG",
    "extract_glimpse": "use crop_and_resize, or pad_to_bounding_box and crop_to_bounding_box",
    "generate_bounding_box_proposals": "use a detection library, such as torchvision.ops",
    "non_max_suppression": "use cv2.dnn.NMSBoxes in a function given to map",
    "non_max_suppression_overlaps": "use cv2.dnn.NMSBoxes in a function given to map",
    "non_max_suppression_padded": "use cv2.dnn.NMSBoxes in a function given to map, and pad what it returns",
    "non_max_suppression_with_scores": "use cv2.dnn.softNMSBoxes in a function given to map",
    "ssim_multiscale": "use ssim of the images resized to each scale",
}


def __getattr__(name: str) -> Any:
    raise no_such_name("feedline.image", name, __all__, INSTEAD)
